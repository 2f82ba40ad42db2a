/**
 * Simulates anybody's actors: on threads of its own making, in virtual time,
 * over links that delay, double, lose and reorder, on a disk that takes its
 * time, with threads that fall whenever the caller says. A seed repeats a run
 * exactly.
 *
 * @module
 */
import type { AnswerOf, Message, Ref } from "../actors/runtime/actor.ts";
import type { Outcome } from "../actors/runtime/outcome.ts";
import { SeededRandom, stableHash } from "../actors/runtime/random.ts";
import { found, type SystemSpec } from "../actors/runtime/system_spec.ts";
import { MemoryDisk } from "../actors/runtime/test_kit/memory_journal.ts";
import { journalOn } from "./disk.ts";
import { Network, type NetworkValues } from "./network.ts";
import type { Checker, Observation } from "./observation.ts";
import { type CheckResult, checkResultOf } from "./run_result.ts";
import type { Distribution } from "./distributions.ts";
import { Scheduler } from "./scheduler.ts";
import { drawUs, Streams } from "./streams.ts";
import { Thread } from "./thread.ts";
import { withoutAmbient } from "./tripwire.ts";

/** What is simulated. */
export interface SimulationSpec {
  /** What runs on each thread, by the thread's name. */
  readonly threads: Readonly<Record<string, SystemSpec>>;
  /** Plans what happens, at virtual time 0. */
  readonly load: (run: Simulation) => void;
  /** How long it goes on, in virtual milliseconds. */
  readonly durationMs: number;
  /** New ones for each run; they see all that happens. */
  readonly checkers?: readonly Checker[];
  /** Default 1. */
  readonly seed?: number;
  /** How long a core takes for a message. Default: 1 µs. */
  readonly service?: (actor: string, kind: string) => Distribution;
  /** Default: 20 µs and more, 50 on average; nothing is lost or doubled. */
  readonly network?: Partial<NetworkValues>;
  /** How long an append takes to be on disk. Default: 1 ms. */
  readonly sync?: Distribution;
  /** A thread that fell is back after this long. Default: 100 ms. */
  readonly restartAfterMs?: number;
}

/** A run, for who plans what happens in it. */
export interface Simulation {
  /** Virtual time since the start, in milliseconds. */
  readonly nowMs: number;
  /** The load's own randomness. */
  readonly random: SeededRandom;
  /** Lets something happen so many milliseconds from now. */
  after(delayMs: number, act: () => void): void;
  /** Sends from outside, without waiting. */
  tell<M extends Message>(to: Ref<M>, message: NoInfer<M>): void;
  /** Asks from outside; checkers see it as a call and its return. */
  ask<M extends Message, Kind extends M["kind"]>(
    to: Ref<M>,
    message: NoInfer<M> & { readonly kind: Kind },
    withinMs: number,
    answered?: (outcome: Outcome<AnswerOf<M, Kind>>) => void,
  ): void;
  /** Takes a thread's power away; what it had not synced is gone. */
  lose(thread: string): void;
}

/** How a run went. */
export interface SimulationResult {
  /** Whether no checker found anything wrong. */
  readonly ok: boolean;
  /** What each checker found, in their order. */
  readonly checks: readonly CheckResult[];
  /** Deliveries, steps, syncs and timers so far. */
  readonly events: number;
  /**
   * Messages: each that an actor handled and each frame between threads; one
   * that crosses to an actor is both.
   */
  readonly messages: number;
  /** When it ended, in virtual milliseconds. */
  readonly virtualMs: number;
  /** The hash of all that happened: equal runs have equal ones. */
  readonly trace: string;
}

/**
 * Runs a simulation to its end.
 *
 * ```ts
 * import { type Asks, type Behavior, ok } from "@doorbuster/doorbuster";
 * import { simulateActors } from "@doorbuster/doorbuster";
 *
 * type Add = { kind: "add" } & Asks<number>;
 * const counter: Behavior<{ total: number }, Add> = {
 *   name: "counter",
 *   start: () => ({ total: 0 }),
 *   receive: (ctx, state) => ctx.reply(ok(++state.total)),
 * };
 * let last = 0;
 * simulateActors({
 *   threads: { one: { children: [{ name: "a", behavior: counter, args: 0 }] } },
 *   durationMs: 60_000,
 *   load(run) {
 *     for (let atMs = 0; atMs < 60_000; atMs += 100) {
 *       run.after(atMs, () =>
 *         run.ask<Add, "add">("a", { kind: "add" }, 1_000, (outcome) => {
 *           if (outcome.kind === "ok") last = outcome.value;
 *         }));
 *     }
 *   },
 * });
 * if (last !== 600) throw new Error("never");
 * ```
 *
 * @throws {AmbientAccess} When a behavior or the load reads a clock or a
 * randomness of the machine: the run could not be repeated.
 * @throws {TypeError} For a spec that no system could have, an address on two
 * threads, or a thread that is not there.
 */
export function simulateActors(spec: SimulationSpec): SimulationResult {
  return withoutAmbient(() => new World(spec).run());
}

/** The thread of whoever asks from outside. */
const OUTSIDE = "outside";
/** Virtual time begins on the 11th of November 2026. */
const START_MS = Date.UTC(2026, 10, 11);
/** Two threads of one machine: a port's turn and its wake-up. */
const NETWORK: NetworkValues = {
  delayMinUs: 20,
  delayMeanUs: 50,
  lossPerMillion: 0,
  duplicatePerMillion: 0,
  reorderPerMillion: 0,
};
const MICROSECOND: Distribution = { kind: "constant", us: 1 };
const MILLISECOND: Distribution = { kind: "constant", us: 1_000 };

class World implements Simulation {
  readonly random: SeededRandom;
  readonly #spec: SimulationSpec;
  readonly #seed: number;
  readonly #scheduler = new Scheduler();
  readonly #streams: Streams;
  readonly #disk = new MemoryDisk();
  readonly #network: Network;
  readonly #threads = new Map<string, Thread>();
  readonly #incarnations = new Map<string, number>();
  /** Address of a root child, or name of keyed actors → thread. */
  readonly #homes = new Map<string, string>();
  #calls = 0;

  constructor(spec: SimulationSpec) {
    this.#spec = spec;
    this.#seed = spec.seed ?? 1;
    this.random = new SeededRandom(this.#seed, "load");
    this.#streams = new Streams(this.#seed);
    this.#network = new Network({
      scheduler: this.#scheduler,
      streams: this.#streams,
      values: { ...NETWORK, ...spec.network },
      threadOf: (name) => this.#threads.get(name) ?? null,
    });
    for (const [thread, { children = [], keyed = [] }] of this.#specs()) {
      for (const { name } of [...children, ...keyed]) {
        this.#settle(name, thread);
      }
    }
  }

  run(): SimulationResult {
    for (const [name] of this.#specs()) this.#begin(name);
    this.#spec.load(this);
    const untilUs = this.#spec.durationMs * 1_000;
    while (this.#scheduler.step(untilUs));
    const { checkers = [] } = this.#spec;
    for (const checker of checkers) checker.end();
    const checks = checkers.map(checkResultOf);
    return {
      ok: checks.every(({ ok }) => ok),
      checks,
      events: this.#scheduler.acts,
      messages: this.#scheduler.messages,
      virtualMs: this.nowMs,
      trace: this.#scheduler.trace,
    };
  }

  get nowMs(): number {
    return this.#scheduler.nowUs / 1_000;
  }

  after(delayMs: number, act: () => void): void {
    const atUs = this.#scheduler.nowUs + Math.round(delayMs * 1_000);
    this.#scheduler.at(atUs, stableHash("load"), act);
  }

  tell<M extends Message>(to: Ref<M>, message: NoInfer<M>): void {
    this.#outside.domain.tell(to, message);
  }

  ask<M extends Message, Kind extends M["kind"]>(
    to: Ref<M>,
    message: NoInfer<M> & { readonly kind: Kind },
    withinMs: number,
    answered?: (outcome: Outcome<AnswerOf<M, Kind>>) => void,
  ): void {
    const call = ++this.#calls;
    const { kind: step, ...input } = message as Message;
    this.#observe({
      kind: "called",
      atUs: this.#scheduler.nowUs,
      call,
      client: OUTSIDE,
      step,
      input,
    });
    this.#outside.domain.ask(to, message, withinMs, (outcome) => {
      const atUs = this.#scheduler.nowUs;
      this.#observe({ kind: "returned", atUs, call, outcome });
      answered?.(outcome as Outcome<AnswerOf<M, Kind>>);
    });
  }

  lose(name: string): void {
    const thread = this.#threads.get(name);
    if (name === OUTSIDE || !Object.hasOwn(this.#spec.threads, name)) {
      throw new TypeError(
        `Cannot lose a thread as the name is not one of ` +
          `${Object.keys(this.#spec.threads).join(", ")}: ` +
          `current value is "${name}"`,
      );
    }
    // It has fallen already, and is not back yet.
    if (thread === undefined) return;
    thread.lose();
    for (const [other] of this.#specs()) this.#network.unlink(name, other);
    this.#threads.delete(name);
    this.#observeLife("worker_lost", name);
    const backUs = (this.#spec.restartAfterMs ?? 100) * 1_000;
    const atUs = this.#scheduler.nowUs + Math.round(backUs);
    this.#scheduler.at(atUs, stableHash(name), () => this.#begin(name));
  }

  get #outside(): Thread {
    return this.#threads.get(OUTSIDE)!;
  }

  /** The outside is there first. */
  #specs(): readonly (readonly [string, SystemSpec])[] {
    return [[OUTSIDE, {}], ...Object.entries(this.#spec.threads)];
  }

  #settle(name: string, thread: string): void {
    const other = this.#homes.get(name);
    if (other !== undefined || thread === OUTSIDE) {
      throw new TypeError(
        `Cannot simulate "${name}" as the name is taken in ${other}`,
      );
    }
    this.#homes.set(name, thread);
  }

  /** A child lives with its parent, all keys of a name on one thread. */
  #locate(address: string): string | undefined {
    if (this.#incarnations.has(address)) return address;
    return this.#homes.get(/^[^/[]+/.exec(address)?.[0] ?? "") ??
      this.#homes.get(address);
  }

  #begin(name: string): void {
    const incarnation = (this.#incarnations.get(name) ?? 0) + 1;
    this.#incarnations.set(name, incarnation);
    const thread = this.#makeThread(name, incarnation);
    this.#threads.set(name, thread);
    thread.domain.start((started) => {
      if (!started) throw new Error(`Thread ${name} does not start`);
    });
    this.#observeLife("worker_started", name);
    for (const [other] of this.#specs()) {
      if (other !== name) this.#network.link(name, other);
    }
    thread.poke();
  }

  #makeThread(name: string, incarnation: number): Thread {
    const { service, sync = MILLISECOND } = this.#spec;
    const syncs = this.#streams.of(`disk ${name}`);
    const thread: Thread = new Thread({
      scheduler: this.#scheduler,
      startMs: START_MS,
      domain: {
        name,
        incarnation,
        seed: this.#seed,
        log: { write: () => {} },
        journal: journalOn(`${name} ${incarnation}`, {
          disk: this.#disk,
          scheduler: this.#scheduler,
          syncUs: () => drawUs(sync, syncs),
          threadOf: () => thread,
          observe: (observation) => this.#observe(observation),
        }),
        died: () => {
          if (this.#threads.get(name) === thread) this.lose(name);
        },
      },
      serviceUs: (actor, kind) =>
        drawUs(
          service?.(actor, kind) ?? MICROSECOND,
          this.#streams.of(`service ${actor}`),
        ),
      locate: (address) => this.#locate(address),
      gateways: new Map(),
      carry: (from, to, batch) => this.#network.carry(from, to, batch),
      observe: (observation) => this.#observe(observation),
    });
    const spec = this.#spec.threads[name];
    if (spec !== undefined) found(thread.domain, spec);
    return thread;
  }

  #observeLife(kind: "worker_started" | "worker_lost", worker: string): void {
    const incarnation = this.#incarnations.get(worker)!;
    const atUs = this.#scheduler.nowUs;
    this.#observe({ kind, atUs, worker, incarnation });
  }

  #observe(observation: Observation): void {
    for (const checker of this.#spec.checkers ?? []) {
      checker.observe(observation);
    }
  }
}
