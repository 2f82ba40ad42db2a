/**
 * A system of actors whose time stands still until a test moves it. It has the
 * API of the live one, with a record where that has a promise, and the same
 * runtime inside: supervisors, mailboxes, deadlines, breakers, dead letters.
 * Nothing runs unless it is told to, so a test of a timeout of an hour takes
 * a millisecond and ends the same way each time.
 *
 * @module
 */
import type { AnswerOf, ChildSpec, Message, Ref } from "../actor.ts";
import type { DeadLetter } from "../dead_letters.ts";
import { Domain } from "../domain.ts";
import type { TreeNode } from "../domain_report.ts";
import type { Outcome } from "../outcome.ts";
import { found, type SystemSpec } from "../system_spec.ts";
import { START_MS } from "./behavior_step.ts";
import { MemoryDisk, MemoryJournal } from "./memory_journal.ts";
import type { Logged } from "./recorded.ts";
import type { Awaited } from "./stepping_host.ts";

/** What a manual system is made of. All of it has a default. */
export interface ManualSystemOptions extends SystemSpec {
  /** Both clocks at the start; the 11th of November 2026 unless told. */
  readonly nowMs?: number;
  /** What journaled actors recover from; empty unless told. */
  readonly disk?: MemoryDisk;
}

/**
 * Runs of 2,048 steps each before a system counts as one that runs in circles:
 * far more than a test means, and still over within seconds.
 */
const RUNS_MAX = 1_000;

/** Twice what one actor may take to stop by default. */
const STOP_WITHIN_MS = 10_000;

/** See the module's text. Messages are checked and frozen unless told. */
export class ManualSystem {
  /** Every line logged so far, by actors and by the runtime. */
  readonly logged: Logged[] = [];
  /** What journaled actors made durable: at once, at the end of a run. */
  readonly disk: MemoryDisk;
  readonly #domain: Domain;
  #nowMs: number;
  /** When the domain wants to run. */
  #runAtMs = Infinity;

  /**
   * Starts the system, without running anybody but the `start` functions and
   * the signal `recovered`. Throws as `startSystem` does.
   */
  constructor(options: ManualSystemOptions = {}) {
    const { name = "system", seed = 1, freeze = true, root } = options;
    this.#nowMs = options.nowMs ?? START_MS;
    this.disk = options.disk ?? new MemoryDisk();
    const clock = () => this.#nowMs;
    this.#domain = new Domain({
      name,
      incarnation: 1,
      seed,
      freeze,
      // So that 100 ms are over after 100 ms, and a test can say so.
      latenessMs: 1,
      clock: { monotonicMs: clock, wallMs: clock },
      log: {
        write: (level, text, fields) =>
          void this.logged.push({ level, text, fields }),
      },
      journal: new MemoryJournal(this.disk),
      transmit: () => "gone",
      wake: () => this.#runAtMs = this.#nowMs,
      died: () => {},
      escalated: () => this.#log("the root gave up", name),
      ...root && { root },
    });
    found(this.#domain, options);
    this.#domain.start(() => {});
  }

  #log(text: string, name: string): void {
    this.logged.push({ level: "error", text, fields: { name } });
  }

  /** Both clocks, in milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /**
   * Starts one more actor below the root; its address is its name. Throws a
   * TypeError for a name that is taken.
   */
  spawn<State, M extends Message, Args>(
    // deno-lint-ignore no-explicit-any -- only its own behavior looks inside
    child: ChildSpec<State, M, Args, any>,
  ): Ref<M> {
    this.#domain.spawn(child as ChildSpec);
    return child.name;
  }

  /** Sends without waiting; it is handled with the next run. */
  tell<M extends Message>(to: Ref<M>, message: NoInfer<M>): void {
    this.#domain.tell(to, message);
  }

  /**
   * Asks, with a deadline of `withinMs` milliseconds of virtual time. The
   * record's outcome is null until a run or the passing of time brings it.
   * Throws a RangeError for a wait that is not finite.
   */
  ask<M extends Message, Kind extends M["kind"]>(
    to: Ref<M>,
    message: NoInfer<M> & { readonly kind: Kind },
    withinMs: number,
  ): Awaited<AnswerOf<M, Kind>> {
    const awaited: Awaited<AnswerOf<M, Kind>> = { outcome: null };
    this.#domain.ask(to, message, withinMs, (outcome) => {
      awaited.outcome = outcome as Outcome<AnswerOf<M, Kind>>;
    });
    return awaited;
  }

  /**
   * Runs all that has something to do at this time. Throws an Error when it
   * finds no end: somebody keeps himself busy.
   */
  runUntilIdle(): void {
    for (let runs = 0; this.#runAtMs <= this.#nowMs; runs++) {
      if (runs === RUNS_MAX) {
        throw new Error(`Still busy after ${RUNS_MAX} runs`);
      }
      this.#runAtMs = Infinity;
      const nextMs = this.#domain.run();
      const atMs = nextMs === 0 ? this.#nowMs : nextMs;
      this.#runAtMs = Math.min(this.#runAtMs, atMs);
    }
  }

  /**
   * Lets `durationMs` pass: what is due on the way runs at its time, in order.
   * Throws a RangeError when that is not finite or less than 0, and as
   * {@linkcode runUntilIdle} does.
   */
  advance(durationMs: number): void {
    this.advanceUntil(() => false, durationMs);
  }

  /**
   * Lets time pass until `isDone` says so, and stands there; it is asked
   * whenever nobody has anything to do. False, `withinMs` later, when it never
   * does. Throws as {@linkcode advance}.
   */
  advanceUntil(isDone: () => boolean, withinMs: number): boolean {
    if (!Number.isFinite(withinMs) || withinMs < 0) {
      throw new RangeError(
        `Cannot advance as the time must be finite and >= 0: ` +
          `current value is ${withinMs}`,
      );
    }
    const untilMs = this.#nowMs + withinMs;
    this.runUntilIdle();
    while (!isDone()) {
      if (this.#runAtMs > untilMs) {
        this.#nowMs = untilMs;
        return false;
      }
      this.#nowMs = this.#runAtMs;
      this.runUntilIdle();
    }
    return true;
  }

  /** The state of an actor, not to be written into; undefined: not there. */
  stateOf(ref: Ref<never>): unknown {
    return this.#domain.stateOf(ref);
  }

  /** Who lives, who supervises whom, depths, rates, restarts, last crashes. */
  tree(): TreeNode {
    return this.#domain.tree();
  }

  /** The newest messages that nobody took, oldest first. */
  deadLetters(): readonly DeadLetter[] {
    return this.#domain.deadLetters.newest();
  }

  /**
   * Stops all actors in the reverse order of their start, each with its mail
   * handled; what is not done after `withinMs` of virtual time is not done.
   */
  stop(withinMs = STOP_WITHIN_MS): void {
    let isStopped = false;
    this.#domain.shutDown(() => isStopped = true);
    this.advanceUntil(() => isStopped, withinMs);
  }
}
