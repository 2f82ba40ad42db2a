/**
 * A behavior one step at a time, without a host: a test sends a message and
 * looks at the state, the events and the outputs it left. It keeps the rules
 * of a real host where a behavior can feel them: `record` applies at once, a
 * step that throws leaves neither event nor output and its actor is folded
 * again, timers and askers die with the incarnation, messages and events are
 * frozen plain data. It has no mailbox, no lanes and no journal failures: those
 * belong to the stepping host.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import type {
  AnswerTo,
  Asker,
  Behavior,
  Context,
  Delivery,
  ExitReason,
  JournalEvent,
  Message,
  Ref,
  Signal,
} from "../actor.ts";
import { failed, type Outcome, unknown } from "../outcome.ts";
import { freezePlain } from "../plain_data.ts";
import { SeededRandom } from "../random.ts";
import type {
  Asked,
  Logged,
  Replied,
  RunningTimer,
  Sent,
  Spawned,
  Stashed,
} from "./recorded.ts";
import { StagedStep, type StepWorld } from "./staged_step.ts";

/** What a test may choose. */
export interface StepOptions {
  /** Wall time at the start; a fixed date in 2026 unless told. */
  readonly nowMs?: number;
  /** The actor's own address; `actor` unless told. */
  readonly self?: string;
  /** Seed of the actor's random stream; 1 unless told. */
  readonly seed?: number;
}

/** The 11th of November, of course. */
export const START_MS: number = Date.UTC(2026, 10, 11);

/** Steps one behavior by hand. See the module's text. */
export class BehaviorStep<
  State,
  M extends Message,
  Args,
  E extends JournalEvent = never,
> {
  /** The state after the last step. */
  state: State;
  /** Wall time in milliseconds since 1970; a test may set it. */
  nowMs: number;
  /** Which life of the actor this is, from 1. */
  incarnation = 1;
  /** Every event recorded so far. */
  readonly events: E[] = [];
  /** Every tell so far; a test may empty it. */
  readonly sent: Sent[] = [];
  /** Every ask so far that is not answered yet; see {@linkcode answer}. */
  readonly asked: Asked[] = [];
  /** Every answer given so far; a test may empty it. */
  readonly replies: Replied[] = [];
  /** Every line logged so far. */
  readonly logged: Logged[] = [];
  /** The timers that are running, by key. */
  readonly timers: Map<string, RunningTimer<M>> = new Map();
  /** The counters. */
  readonly counts: Map<string, number> = new Map();
  /** Children that run: started and neither stopped, killed nor down. */
  readonly spawned: Spawned[] = [];
  /** Addresses that are watched. */
  readonly watching: Set<string> = new Set();
  /** Children that were stopped or killed, and `self` when it stops. */
  readonly stopped: string[] = [];
  /** Messages set aside, the oldest first. */
  readonly stashed: Stashed<M>[] = [];
  /** The most messages set aside; a test may set it. */
  stashCapacity = 1_024;
  /** What `tell` says to the behavior; a test may set it. */
  delivery: Delivery = "queued";

  readonly #behavior: Behavior<State, M, Args, E>;
  readonly #args: Args;
  readonly #world: StepWorld<M, E>;
  readonly #waiting: Set<Asker> = new Set();
  /** Addresses of children whose `down` has not come. */
  readonly #children: Set<string> = new Set();
  #askers = 0;
  /** now() never runs behind an event: the wall time of the last one. */
  #recordedAtMs = 0;

  /**
   * Starts the behavior and gives it `recovered`, as every life begins. Throws
   * what the behavior throws.
   */
  constructor(
    behavior: Behavior<State, M, Args, E>,
    args: Args,
    options: StepOptions = {},
  ) {
    const { self = "actor", seed = 1, nowMs = START_MS } = options;
    this.#behavior = behavior;
    this.#args = args;
    this.nowMs = nowMs;
    this.#world = this.#makeWorld(self, new SeededRandom(seed, self));
    this.state = behavior.start(args);
    this.#hear({ kind: "recovered" });
  }

  /**
   * Runs one message that asks for an answer. Returns the answer, undefined
   * when the step gave none yet (see {@linkcode replies}). Throws what the step
   * threw, after the actor was folded again.
   */
  send<T extends M>(message: T): Outcome<AnswerTo<T>> | undefined {
    const asker = ++this.#askers;
    this.#waiting.add(asker);
    this.#run(asker, message);
    const reply = this.replies.findLast((reply) => reply.asker === asker);
    return reply?.outcome as Outcome<AnswerTo<T>> | undefined;
  }

  /** Runs one message that nobody waits for. Throws like {@linkcode send}. */
  tell(message: M): void {
    this.#run(0, message);
  }

  /** Moves time to the timer's deadline, when that is ahead, and runs it. */
  fireTimer(key: string): void {
    const timer = this.timers.get(key);
    if (timer === undefined) {
      throw new Error(`Cannot fire timer "${key}" as it is not running`);
    }
    this.timers.delete(key);
    this.nowMs = Math.max(this.nowMs, timer.dueMs);
    this.tell(timer.message);
  }

  /** Lets `durationMs` pass, firing the timers due in it, earliest first. */
  advance(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    for (;;) {
      let next: string | undefined;
      let dueMs = untilMs + 1;
      for (const [key, timer] of this.timers) {
        if (timer.dueMs < dueMs) [next, dueMs] = [key, timer.dueMs];
      }
      if (next === undefined) break;
      this.fireTimer(next);
    }
    this.nowMs = untilMs;
  }

  /** Ends an ask of {@linkcode asked} with `outcome`, in a turn of its own. */
  answer(asked: Asked, outcome: Outcome<unknown>): void {
    const index = this.asked.indexOf(asked);
    if (index < 0) throw new Error("Cannot answer an ask that is not waiting");
    this.asked.splice(index, 1);
    const { as, about } = asked.options;
    // The behavior named a kind of its own protocol; the compiler cannot see
    // through the name.
    this.tell({ kind: as, outcome, about } as Message as M);
  }

  /**
   * Gives the behavior a signal, as the host would: `idle`, `stopping`, or
   * `room`; for `down` there is {@linkcode down}. Throws like
   * {@linkcode send}.
   */
  signal(signal: Signal): void {
    this.#orCrash(() => this.#hear(signal));
  }

  /**
   * Lets a child or a watched actor have ended for good: the behavior hears
   * `down`, once. Throws an Error for anybody else, and like {@linkcode send}.
   */
  down(ref: Ref<never>, reason: ExitReason): void {
    const isChild = this.#children.delete(ref);
    const isWatched = this.watching.delete(ref);
    if (!isChild && !isWatched) {
      throw new Error(
        `Cannot end "${ref}" as it is neither a child nor watched`,
      );
    }
    const index = this.spawned.findIndex((each) => each.ref === ref);
    if (index >= 0) this.spawned.splice(index, 1);
    this.signal({ kind: "down", ref: ref as string, reason });
  }

  /**
   * Ends the incarnation and begins the next one from the journal. Children
   * end with it; what is set aside stays, and so does who asked it.
   */
  crash(): void {
    const kept = new Set(this.stashed.map(({ asker }) => asker));
    for (const asker of this.#waiting) {
      if (kept.has(asker)) continue;
      this.#waiting.delete(asker);
      this.replies.push({ asker, outcome: unknown(0) });
    }
    this.timers.clear();
    this.asked.length = 0;
    this.spawned.length = 0;
    this.#children.clear();
    this.watching.clear();
    this.incarnation++;
    this.state = this.#fold();
    this.#hear({ kind: "recovered" });
  }

  /**
   * Throws an AssertionError that shows the difference when the state is not
   * the fold of the events. The member `volatile` is left out.
   */
  refold(): void {
    deepStrictEqual(durable(this.state), durable(this.#fold()));
  }

  #fold(): State {
    const state = this.#behavior.start(this.#args);
    for (const event of this.events) this.#behavior.apply?.(state, event);
    return state;
  }

  #run(asker: Asker, message: M): void {
    freezePlain(message);
    this.#orCrash(() => {
      this.#step(
        (ctx) => this.#behavior.receive(ctx, this.state, message),
        message,
        asker,
      );
    }, asker);
  }

  #hear(signal: Signal): void {
    this.#step((ctx) => this.#behavior.signal?.(ctx, this.state, signal));
  }

  /** Throws what the step throws, the next life begun. */
  #orCrash(step: () => void, asker: Asker = 0): void {
    try {
      step();
    } catch (error) {
      if (this.#waiting.delete(asker)) {
        this.replies.push({ asker, outcome: failed("crashed", 0) });
      }
      this.crash();
      throw error;
    }
  }

  #step(
    body: (ctx: Context<M, E>) => void,
    message: M | null = null,
    asker: Asker = 0,
  ): void {
    const staged = new StagedStep<M, E>(this.#world, message, asker);
    body(staged);
    this.#commit(staged);
  }

  #commit(staged: StagedStep<M, E>): void {
    if (staged.events.length > 0) this.#recordedAtMs = this.#now();
    this.events.push(...staged.events);
    this.sent.push(...staged.sent);
    this.asked.push(...staged.asked);
    this.logged.push(...staged.logged);
    for (const reply of staged.replies) {
      if (this.#waiting.delete(reply.asker)) this.replies.push(reply);
    }
    for (const [key, timer] of staged.timers) {
      this.timers.delete(key);
      if (timer !== null) this.timers.set(key, timer);
    }
    for (const [name, by] of staged.counts) {
      this.counts.set(name, (this.counts.get(name) ?? 0) + by);
    }
    for (const act of staged.acts) act();
  }

  #now(): number {
    return Math.max(this.nowMs, this.#recordedAtMs);
  }

  #makeWorld(self: string, random: SeededRandom): StepWorld<M, E> {
    // deno-lint-ignore no-this-alias -- getters have a `this` of their own
    const step = this;
    return {
      self,
      get incarnation() {
        return step.incarnation;
      },
      get nowMs() {
        return step.nowMs;
      },
      get delivery() {
        return step.delivery;
      },
      get stashCapacity() {
        return step.stashCapacity;
      },
      children: this.#children,
      spawned: this.spawned,
      stopped: this.stopped,
      watching: this.watching,
      stashed: this.stashed,
      now: () => this.#now(),
      random: () => random.next(),
      apply: (event) => this.#apply(event),
      unstash: (limit) => this.#unstash(limit),
    };
  }

  #unstash(limit: number): void {
    // What a crash keeps from running is still set aside.
    let left = Math.min(limit, this.stashed.length);
    while (left-- > 0 && this.stashed.length > 0) {
      const { asker, message } = this.stashed.shift()!;
      this.#run(asker, message);
    }
  }

  #apply(event: E): void {
    const behavior = this.#behavior;
    if (behavior.apply === undefined) {
      throw new TypeError(
        `Cannot record "${event.kind}" as ${behavior.name} has no apply`,
      );
    }
    behavior.apply(this.state, event);
  }
}

function durable(state: unknown): unknown {
  if (typeof state !== "object" || state === null) return state;
  const { volatile: _volatile, ...rest } = state as Record<string, unknown>;
  return rest;
}
