/**
 * The worker threads of a library user's system: what he says about them, and
 * the plans that follow from it. Starting, watching and replacing them is the
 * worker supervisor's part, as it is for the shop.
 *
 * @module
 */
import type { Log } from "../../actors/runtime/ports.ts";
import type { RestartSpec } from "../../actors/runtime/supervision.ts";
import {
  placeActors,
  Placement,
  type PlacementTable,
  type WorkerChild,
  type WorkerKeyed,
} from "./placement.ts";
import type { ActorsPlan } from "./serve_actors.ts";
import { WorkerSupervisor } from "./worker_supervisor.ts";

/** Threads that run actors, and who lives in them. */
export interface WorkersSpec {
  /** A module that calls `serveActors` with the behaviors it knows. */
  readonly entry: URL;
  /** How many threads. Default 1. */
  readonly count?: number;
  /** Actors that live in them. */
  readonly children?: readonly WorkerChild[];
  /** Keyed actors, spread over them. */
  readonly keyed?: readonly WorkerKeyed[];
  /** When a thread that fell is replaced. Default: see `RESTART`. */
  readonly restart?: RestartSpec;
  /** A thread that is silent for so long is replaced. Default 4,000. */
  readonly silentMs?: number;
  /** A thread that nears so much memory is replaced. Default: V8's limit. */
  readonly memoryLimitBytes?: number;
}

/** As the shop's workers: at once, then ever later, never given up. */
const RESTART: RestartSpec = {
  maxRestarts: 5,
  periodMs: 10_000,
  backoffMinMs: 100,
  backoffMaxMs: 5_000,
};

/** Four a second: one can be late without a thread being called dead. */
const HEARTBEAT_MS = 250;
/** A thread that collects a large heap can be silent for a second. */
const SILENT_MS = 4_000;

/** What the threads need of the system that starts them. */
export interface ActorWorkersOptions {
  readonly system: string;
  readonly seed: number;
  readonly log: Log;
  readonly connect: (peer: string, port: MessagePort) => void;
  readonly disconnect: (peer: string) => void;
}

/** A system's threads and who lives where. */
export interface ActorWorkers {
  readonly placement: Placement;
  readonly supervisor: WorkerSupervisor<ActorsPlan>;
  /** Rejects when a thread cannot start at all. */
  start(): Promise<void>;
}

/**
 * Plans the threads; `start` starts them.
 *
 * @throws {RangeError} For a worker or a number of workers that cannot be.
 */
export function planWorkers(
  spec: WorkersSpec,
  options: ActorWorkersOptions,
): ActorWorkers {
  const { entry, count = 1, children = [], keyed = [] } = spec;
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot start workers as count must be an integer >= 1: ` +
        `current value is ${count}`,
    );
  }
  const { system, seed, log, connect, disconnect } = options;
  const table = placeActors(system, count, children, keyed);
  let startFailed: (detail: string) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    startFailed = (detail) => reject(new Error(detail));
  });
  // Heard at the start only; later a worker that cannot start is tried again.
  failure.catch(() => {});
  const everyMs = HEARTBEAT_MS;
  const supervisor = new WorkerSupervisor<ActorsPlan>({
    entry,
    self: system,
    plans: plansOf(table, seed, children, keyed),
    restart: spec.restart ?? RESTART,
    heartbeat: {
      everyMs,
      missed: Math.ceil((spec.silentMs ?? SILENT_MS) / everyMs),
    },
    memoryLimitBytes: spec.memoryLimitBytes ?? null,
    log,
    connect,
    disconnect,
    startFailed: (detail) => startFailed(detail),
  });
  return {
    placement: new Placement(table),
    supervisor,
    start: () => Promise.race([supervisor.start(), failure]),
  };
}

function plansOf(
  placement: PlacementTable,
  seed: number,
  children: readonly WorkerChild[],
  keyed: readonly WorkerKeyed[],
): Omit<ActorsPlan, "incarnation">[] {
  return placement.workers.map((name) => ({
    name,
    seed,
    heartbeatMs: HEARTBEAT_MS,
    placement,
    children: children.filter((child) => placement.homes[child.name] === name),
    keyed,
  }));
}
