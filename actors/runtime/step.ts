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
  AskOptions,
  Behavior,
  ChildSpec,
  Context,
  Delivery,
  JournalEvent,
  LogLevel,
  Message,
  Ref,
  Signal,
} from "./actor.ts";
import { failed, type Outcome, unknown } from "./outcome.ts";
import { freezePlain } from "./plain_data.ts";
import { SeededRandom } from "./random.ts";

/** A message that a step told somebody. */
export interface Sent {
  /** The address it goes to. */
  readonly to: string;
  /** As it was handed over, frozen. */
  readonly message: Message;
}

/** A message that a step asked somebody, and how. */
export interface Asked extends Sent {
  /** As they were handed over, frozen. */
  readonly options: AskOptions<unknown>;
}

/** An answer that a step gave. `asker` counts the sends from 1. */
export interface Replied {
  /** Who is answered. */
  readonly asker: Asker;
  /** The answer. */
  readonly outcome: Outcome<unknown>;
}

/** A timer that is running. `dueMs` is wall time. */
export interface RunningTimer<M> {
  /** When it fires. */
  readonly dueMs: number;
  /** What it sends. */
  readonly message: M;
}

/** A line that a step logged. */
export interface Logged {
  /** How grave it is. */
  readonly level: LogLevel;
  /** The line. */
  readonly text: string;
  /** The facts that go with it. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a test may choose. */
export interface StepOptions {
  /** Wall time at the start; a fixed date in 2026 unless told. */
  readonly nowMs?: number;
  /** The actor's own address; `actor` unless told. */
  readonly self?: string;
  /** Seed of the actor's random stream; 1 unless told. */
  readonly seed?: number;
}

/** A child that a step started. */
export interface Spawned {
  /** Its address. */
  readonly ref: Ref;
  /** As it was handed over. */
  readonly child: ChildSpec;
}

/** What one step stages until it returns. */
interface Staged<M, E> {
  readonly events: E[];
  readonly sent: Sent[];
  readonly asked: Asked[];
  readonly replies: Replied[];
  readonly logged: Logged[];
  /** null: cancelled. */
  readonly timers: Map<string, RunningTimer<M> | null>;
  readonly counts: Map<string, number>;
  readonly acts: (() => void)[];
}

/** Steps one behavior by hand. */
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
  /** Children started and not stopped, killed or declared down. */
  readonly spawned: Spawned[] = [];
  /** Addresses that are watched. */
  readonly watching: Set<string> = new Set();
  /** Children that were stopped or killed, and `self` when it stops. */
  readonly stopped: string[] = [];
  /** Messages set aside, the oldest first. */
  readonly stashed: { readonly asker: Asker; readonly message: M }[] = [];
  /** The most messages set aside; a test may set it. */
  stashCapacity = 1_024;
  /** What `tell` says to the behavior; a test may set it. */
  delivery: Delivery = "queued";

  readonly #behavior: Behavior<State, M, Args, E>;
  readonly #args: Args;
  readonly #self: string;
  readonly #random: SeededRandom;
  readonly #waiting: Set<Asker> = new Set();
  #askers = 0;
  /** now() never runs behind an event: the wall time of the last one. */
  #recordedAtMs = 0;

  /** Starts the behavior and gives it `recovered`, as every life begins. */
  constructor(
    behavior: Behavior<State, M, Args, E>,
    args: Args,
    options: StepOptions = {},
  ) {
    this.#behavior = behavior;
    this.#args = args;
    this.#self = options.self ?? "actor";
    this.nowMs = options.nowMs ?? Date.UTC(2026, 10, 11);
    this.#random = new SeededRandom(options.seed ?? 1, this.#self);
    this.state = behavior.start(args);
    this.signal({ kind: "recovered" });
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

  /** Gives the behavior a signal, as the host would. */
  signal(signal: Signal): void {
    this.#step(0, (ctx) => this.#behavior.signal?.(ctx, this.state, signal));
  }

  /** Ends the incarnation and begins the next one from the journal. */
  crash(): void {
    for (const asker of this.#waiting) {
      this.replies.push({ asker, outcome: unknown(0) });
    }
    this.#waiting.clear();
    this.timers.clear();
    this.asked.length = 0;
    this.incarnation++;
    this.state = this.#fold();
    this.signal({ kind: "recovered" });
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
    try {
      this.#step(
        asker,
        (ctx) => this.#behavior.receive(ctx, this.state, message),
        message,
      );
    } catch (error) {
      if (this.#waiting.delete(asker)) {
        this.replies.push({ asker, outcome: failed("crashed", 0) });
      }
      this.crash();
      throw error;
    }
  }

  #step(
    asker: Asker,
    body: (ctx: Context<M, E>) => void,
    message: M | null = null,
  ): void {
    const staged: Staged<M, E> = {
      events: [],
      sent: [],
      asked: [],
      replies: [],
      logged: [],
      timers: new Map(),
      counts: new Map(),
      acts: [],
    };
    body(this.#context(asker, staged, message));
    this.#commit(staged);
  }

  #commit(staged: Staged<M, E>): void {
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

  #context(
    asker: Asker,
    staged: Staged<M, E>,
    message: M | null,
  ): Context<M, E> {
    const answer = (asker: Asker, outcome: Outcome<unknown>) =>
      void staged.replies.push({ asker, outcome: freezePlain(outcome) });
    // Whoever was answered or taken along is not answered by this step again.
    const takeAsker = () => {
      const taken = asker;
      asker = 0;
      return taken;
    };
    return {
      self: this.#self as Ref<M>,
      incarnation: this.incarnation,
      now: () => this.#now(),
      random: () => this.#random.next(),
      tell: (to, message) => {
        staged.sent.push({ to, message: freezePlain(message) });
        return this.delivery;
      },
      ask: (to, message, options) => {
        freezePlain(message);
        staged.asked.push({ to, message, options: freezePlain(options) });
      },
      reply: (outcome) => answer(takeAsker(), outcome),
      asker: takeAsker,
      answer,
      timer: (key, delayMs, message) => {
        const dueMs = this.nowMs + delayMs;
        staged.timers.set(key, { dueMs, message: freezePlain(message) });
      },
      cancelTimer: (key) => void staged.timers.set(key, null),
      ...this.#family(staged),
      ...this.#stash(staged, message, takeAsker),
      record: (event) => {
        staged.events.push(freezePlain(event));
        this.#apply(event);
      },
      count: (name, by = 1) =>
        void staged.counts.set(name, (staged.counts.get(name) ?? 0) + by),
      log: (level, text, fields = {}) =>
        void staged.logged.push({ level, text, fields }),
    };
  }

  /** Those members of a context that are about other actors' lives. */
  #family(staged: Staged<M, E>) {
    const { acts } = staged;
    const forget = (ref: string) => {
      const index = this.spawned.findIndex((each) => each.ref === ref);
      if (index >= 0) this.spawned.splice(index, 1);
      this.stopped.push(ref);
    };
    return {
      spawn: (child: unknown) => {
        const spec = child as ChildSpec;
        const ref = `${this.#self}/${spec.name}`;
        acts.push(() => this.spawned.push({ ref, child: spec }));
        return ref;
      },
      stop: (ref: string = this.#self) => void acts.push(() => forget(ref)),
      kill: (ref: string) => void acts.push(() => forget(ref)),
      watch: (ref: string) => void acts.push(() => this.watching.add(ref)),
      unwatch: (ref: string) => void acts.push(() => this.watching.delete(ref)),
    };
  }

  /** Those members of a context that set messages aside. */
  #stash(staged: Staged<M, E>, message: M | null, takeAsker: () => Asker) {
    const unstash = (limit: number) => {
      for (const mail of this.stashed.splice(0, limit)) {
        this.#run(mail.asker, mail.message);
      }
    };
    return {
      stash: () => {
        if (message === null) throw new TypeError("Cannot stash a signal");
        if (this.stashed.length >= this.stashCapacity) return false;
        const asker = takeAsker();
        staged.acts.push(() => this.stashed.push({ asker, message }));
        return true;
      },
      unstash: (limit = Infinity) =>
        void staged.acts.push(() => unstash(limit)),
    };
  }

  #apply(event: E): void {
    const behavior = this.#behavior;
    if (behavior.apply === undefined) {
      throw new Error(
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
