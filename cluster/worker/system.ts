/**
 * Actors for a program that brings its own: a domain with the machine's clock
 * in the thread that starts it, and where wanted more of them in worker
 * threads. Promises stand here, at the edge, and nowhere inside.
 *
 * @module
 */
import type {
  AnswerOf,
  ChildSpec,
  Message,
  Ref,
} from "../../actors/runtime/actor.ts";
import type { DeadLetter } from "../../actors/runtime/dead_letters.ts";
import type { Domain } from "../../actors/runtime/domain.ts";
import type { TreeNode } from "../../actors/runtime/domain_report.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import { found, type SystemSpec } from "../../actors/runtime/system_spec.ts";
import {
  type ActorWorkers,
  planWorkers,
  type WorkersSpec,
  type WorkerStatus,
} from "./actor_workers.ts";
import { hostClock } from "./host_clock.ts";
import { Turns } from "./turns.ts";

/**
 * What a system is made of. All of it has a default; `freeze` is off, since it
 * costs more than most steps.
 */
export interface SystemOptions extends SystemSpec {
  /** Takes structured lines. Default: warnings and errors, to the console. */
  readonly log?: Log;
}

/** Warnings and errors as JSON lines on stderr. */
const CONSOLE: Log = {
  write(level, text, fields) {
    if (level !== "warn" && level !== "error") return;
    // deno-lint-ignore no-console -- the host's own log
    console.error(JSON.stringify({ level, text, ...fields }));
  },
};

/** A system with threads. What is named outside `workers` lives in this one. */
export interface ThreadedSystemOptions extends SystemOptions {
  /** The threads, and what lives in them. */
  readonly workers: WorkersSpec;
}

const NAME = "system";

/** Twice what one actor may take to stop by default. */
const STOP_WITHIN_MS = 10_000;

/** A worker answers in less than a millisecond, unless it hangs. */
const ARRIVE_WITHIN_MS = 1_000;

/** A running system. */
export class System {
  readonly #turns: Turns;
  readonly #workers: ActorWorkers | null;
  #stopped: Promise<void> | null = null;

  /** Use {@linkcode startSystem} or {@linkcode startSystemOnThreads}. */
  constructor(turns: Turns, workers: ActorWorkers | null = null) {
    this.#turns = turns;
    this.#workers = workers;
  }

  get #domain(): Domain {
    return this.#turns.domain;
  }

  /**
   * Starts one more actor below the root, in this thread; its address is its
   * name. Throws a TypeError for a name that is taken.
   */
  spawn<State, M extends Message, Args>(
    // deno-lint-ignore no-explicit-any -- only its own behavior looks inside
    child: ChildSpec<State, M, Args, any>,
  ): Ref<M> {
    this.#workers?.placement.mustBeHere(child.name);
    this.#domain.spawn(child as ChildSpec);
    return child.name as Ref<M>;
  }

  /** Sends without waiting. A message that nobody takes is a dead letter. */
  tell<M extends Message>(to: Ref<M>, message: NoInfer<M>): void {
    this.#domain.tell(to, message);
  }

  /**
   * Asks, and resolves with the outcome within `withinMs` milliseconds; it
   * never rejects. Throws a RangeError for a wait that is not finite.
   */
  ask<M extends Message, Kind extends M["kind"]>(
    to: Ref<M>,
    message: NoInfer<M> & { readonly kind: Kind },
    withinMs: number,
  ): Promise<Outcome<AnswerOf<M, Kind>>> {
    const { promise, resolve } = Promise.withResolvers<Outcome<unknown>>();
    this.#domain.ask(to, message, withinMs, resolve);
    return promise as Promise<Outcome<AnswerOf<M, Kind>>>;
  }

  /** Who lives, who supervises whom, depths, rates, restarts, last crashes. */
  tree(): TreeNode {
    return this.#domain.tree();
  }

  /** How the worker threads are; what they report is a heartbeat old. */
  workers(): readonly WorkerStatus[] {
    return this.#workers?.statuses() ?? [];
  }

  /**
   * Kills a worker thread, whatever it is doing, such as `worker-0`; it is
   * replaced. False when there is none of that name that runs.
   */
  killWorker(name: string): boolean {
    return this.#workers?.kill(name) ?? false;
  }

  /** The newest messages that nobody took, oldest first. */
  deadLetters(): readonly DeadLetter[] {
    return this.#domain.deadLetters.newest();
  }

  /**
   * Stops all actors in the reverse order of their start, each with its mail
   * handled: first those of this thread, which may still ask the others. What
   * is not done after `withinMs`, or is under way between two workers, is not
   * done; who still waits for an answer hears `unknown`. Further calls wait for
   * the same end.
   */
  stop(withinMs = STOP_WITHIN_MS): Promise<void> {
    return this.#stopped ??= this.#stop(withinMs);
  }

  async #stop(withinMs: number): Promise<void> {
    const endMs = hostClock.monotonicMs() + withinMs;
    const leftMs = () => Math.max(0, endMs - hostClock.monotonicMs());
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#domain.shutDown(resolve, withinMs);
    await promise;
    await this.#arrive(Math.min(leftMs(), ARRIVE_WITHIN_MS));
    await this.#workers?.stop(leftMs());
    this.#turns.stop();
  }

  /**
   * Lets all that was sent to the workers reach its mailbox: links keep order,
   * and a domain says at once that it is no actor.
   */
  async #arrive(withinMs: number): Promise<void> {
    const domains = this.workers().map(({ name }) => name);
    const ask = (domain: string) =>
      this.ask(domain as Ref, { kind: "are_you_there" }, withinMs);
    await Promise.all(domains.map(ask));
  }

  /** Stops, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Starts a system in this thread.
 *
 * @throws {TypeError | RangeError} For a spec that cannot be; what a `start`
 * throws at the first try comes out too.
 */
export function startSystem(options: SystemOptions = {}): System {
  const { name = NAME } = options;
  const turns = openTurns(options, () => name, () => {});
  turns.domain.start(() => {});
  return new System(turns);
}

/**
 * Starts a system in this thread and in worker threads; resolves when all of
 * them are linked with one another.
 *
 * A thread that throws, hangs, or nears its memory limit is replaced: asks
 * under way to it are `unknown`, its actors start anew, watchers hear
 * `host_lost`. Between threads messages travel as JSON, so they must be plain
 * data; what is told to a thread that is down is lost.
 *
 * ```ts ignore
 * await using system = await startSystemOnThreads({
 *   workers: {
 *     entry: new URL("./counter_worker.ts", import.meta.url),
 *     count: 2,
 *     keyed: [{ name: "visits", behavior: "counter", liveMax: 1_000 }],
 *   },
 * });
 * system.tell("visits[/home]", { kind: "add", amount: 1 });
 * ```
 *
 * @throws {TypeError | RangeError} For a spec that cannot be.
 * @throws {Error} When a thread cannot start; the message is one line.
 */
export async function startSystemOnThreads(
  options: ThreadedSystemOptions,
): Promise<System> {
  const { name = NAME, seed = 1, log = CONSOLE, keyed = [] } = options;
  const workers: ActorWorkers = planWorkers(options.workers, {
    ...options,
    system: name,
    seed,
    log,
    connect: (peer, port) => turns.connect(peer, port),
    disconnect: (peer) => turns.disconnect(peer),
  });
  const turns: Turns = openTurns(
    options,
    (address) => workers.placement.locate(address),
    (peer) => workers.kill(peer),
  );
  const { actors } = turns.domain.report();
  for (const { address } of actors) workers.placement.mustBeHere(address);
  for (const { name } of keyed) workers.placement.mustBeHere(`${name}[]`);
  const system = new System(turns, workers);
  try {
    turns.domain.start(() => {});
    await workers.start();
  } catch (error) {
    await system.stop();
    throw error;
  }
  return system;
}

function openTurns(
  options: SystemOptions,
  locate: (address: string) => string | undefined,
  linkBroke: (peer: string) => void,
): Turns {
  const { name = NAME, seed = 1, log = CONSOLE } = options;
  const turns = new Turns({
    domain: {
      name,
      incarnation: 1,
      seed,
      journal: null,
      died: () => {},
      escalated: () => log.write("error", "the root gave up", { name }),
      ...options.root && { root: options.root },
      freeze: options.freeze ?? false,
    },
    log,
    locate,
    gateways: new Map(),
    linkBroke,
  });
  found(turns.domain, options);
  return turns;
}
