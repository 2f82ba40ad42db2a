/**
 * The worker threads of a library user's system: what he says about them, and
 * the plans that follow from it. Starting, watching and replacing them is the
 * worker supervisor's part, as it is for the shop.
 *
 * @module
 */
import type { DomainReport } from "../../actors/runtime/domain_report.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import type { RestartSpec } from "../../actors/runtime/supervision.ts";
import type { SystemSpec } from "../../actors/runtime/system_spec.ts";
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
  /**
   * When a thread that fell is replaced. Default: at once, then after 100 ms,
   * 200 ms, … up to 5 s, and never given up.
   */
  readonly restart?: RestartSpec;
  /** A thread that is silent for so long is replaced. Default 4,000. */
  readonly silentMs?: number;
  /** A thread that nears so much memory is replaced. Default: V8's limit. */
  readonly memoryLimitBytes?: number;
  /** How long all of them may take to be there first. Default 60,000. */
  readonly startWithinMs?: number;
}

/** What is known of one worker thread. */
export interface WorkerStatus {
  /** `worker-0`, `worker-1`, … */
  readonly name: string;
  /** Only one that is ready is linked with the others. */
  readonly status: "starting" | "ready" | "down";
  /** Which thread of that name this is, from 1. */
  readonly incarnation: number;
  /** How often it was replaced. */
  readonly replacements: number;
  /**
   * Its numbers and those of its first 1,024 actors, a quarter of a second
   * old; null before the first came.
   */
  readonly report: DomainReport | null;
  /** Messages in it that waited for a link then. */
  readonly waitingFrames: number;
}

/** As the shop's workers. */
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
/** A thread starts in tens of milliseconds, unless its modules are far away. */
const START_WITHIN_MS = 60_000;

/** What the threads need of the system that starts them. */
export interface ActorWorkersOptions
  extends Pick<SystemSpec, "breakers" | "freeze"> {
  readonly system: string;
  readonly seed: number;
  readonly log: Log;
  readonly connect: (peer: string, port: MessagePort) => void;
  readonly disconnect: (peer: string) => void;
}

/** A system's threads and who lives where. */
export interface ActorWorkers {
  readonly placement: Placement;
  /** Resolves when all are linked; rejects when one of them cannot start. */
  start(): Promise<void>;
  /** What is known of each. */
  statuses(): readonly WorkerStatus[];
  /** Replaces one; false when there is none of that name that runs. */
  kill(name: string): boolean;
  /** Stops all; resolves when they are, or `withinMs` later. */
  stop(withinMs: number): Promise<void>;
}

/**
 * Plans the threads; `start` starts them.
 *
 * @throws {RangeError} For a worker or a number of workers that cannot be.
 * @throws {TypeError} For a name that is taken, or is no address.
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
  const { system, log, connect, disconnect } = options;
  const table = placeActors(system, count, children, keyed);
  const failure = Promise.withResolvers<never>();
  // Heard at the start only; later a worker that cannot start is tried again.
  failure.promise.catch(() => {});
  const everyMs = HEARTBEAT_MS;
  const supervisor = new WorkerSupervisor<ActorsPlan>({
    entry,
    self: system,
    plans: plansOf(table, spec, options),
    restart: spec.restart ?? RESTART,
    heartbeat: {
      everyMs,
      missed: Math.ceil((spec.silentMs ?? SILENT_MS) / everyMs),
    },
    memoryLimitBytes: spec.memoryLimitBytes ?? null,
    log,
    connect,
    disconnect,
    startFailed: (detail) => failure.reject(new Error(detail)),
  });
  return {
    placement: new Placement(table),
    start: () => startWithin(spec, supervisor.start(), failure),
    // A user's actors have no journal to recover from.
    statuses: () =>
      supervisor.statuses().map(({ recovery: _, ...status }) => status),
    kill: (name) => supervisor.kill(name),
    stop: (withinMs) => supervisor.stop(withinMs),
  };
}

/** Nobody else would notice a module that never says that it is ready. */
async function startWithin(
  { entry, startWithinMs = START_WITHIN_MS }: WorkersSpec,
  started: Promise<void>,
  failure: PromiseWithResolvers<never>,
): Promise<void> {
  const timer = setTimeout(() => {
    failure.reject(
      new Error(
        `Not all workers are ready after ${startWithinMs} ms: ` +
          `does ${entry.href} call serveActors?`,
      ),
    );
  }, startWithinMs);
  try {
    await Promise.race([started, failure.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function plansOf(
  placement: PlacementTable,
  { children = [], keyed = [] }: WorkersSpec,
  { seed, freeze = false, breakers = {} }: ActorWorkersOptions,
): Omit<ActorsPlan, "incarnation">[] {
  return placement.workers.map((name) => ({
    name,
    seed,
    heartbeatMs: HEARTBEAT_MS,
    placement,
    children: children.filter((child) =>
      placement.homes.get(child.name) === name
    ),
    keyed,
    breakers,
    freeze,
  }));
}
