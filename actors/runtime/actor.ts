/**
 * What an actor is: a behavior, its context, its messages.
 *
 * A behavior is a synchronous step over plain data. It acts on the world only
 * through its context, so the same behavior runs in this thread, in a worker,
 * in another process and in a simulator; the hosts differ only in clock,
 * delivery, journal and randomness. Nothing here knows a thread or a socket.
 *
 * @module
 */
import type { Outcome } from "./outcome.ts";

/** A message: a plain object told apart by `kind`. Requests are verbs. */
export interface Message {
  /** Tells the messages of a protocol apart. */
  readonly kind: string;
}

/** A durable fact: a plain object told apart by `kind`, in the past tense. */
export interface JournalEvent {
  /** Tells the events of an actor apart. */
  readonly kind: string;
  /** When it happened, wall time. The actor's `now()` never falls behind it. */
  readonly atMs?: number;
}

/**
 * The address of an actor that accepts messages of type `M`: a plain string
 * such as `inventory[3]`, so it can stand in a message or in state. The field
 * never exists; it only carries the type.
 */
export type Ref<M extends Message = Message> = string & {
  readonly accepts?: (message: M) => void;
};

/**
 * A message that asks for an answer of type `Answer`. The field never exists;
 * it only carries the type.
 */
export interface Asks<Answer> {
  /** Never there. */
  readonly answers?: Answer;
}

/** The answer type that a message asks for. */
export type AnswerTo<M> = M extends Asks<infer Answer> ? Answer : never;

/**
 * The shape in which an answer, a timeout or the death of the peer comes back:
 * an ordinary message of the kind that the ask named in `as`, in a turn of its
 * own. `about` is what the asker gave along, untouched.
 */
export interface Answered<Kind extends string, Value, About = undefined> {
  /** The kind that the ask named. */
  readonly kind: Kind;
  /** How the ask ended. */
  readonly outcome: Outcome<Value>;
  /** What the asker gave along; undefined when nothing. */
  readonly about: About;
}

/**
 * Who waits for an answer. A plain number, good for one incarnation: keep it
 * only in volatile state. When the actor crashes, the runtime settles every
 * asker still waiting as `unknown`.
 */
export type Asker = number;

/** How an ask is made. */
export interface AskOptions<About> {
  /** The kind of the message that the answer becomes. */
  readonly as: string;
  /** The wait is over after this many milliseconds; must be finite. */
  readonly withinMs: number;
  /** Handed back with the answer. Plain data. */
  readonly about?: About;
}

/**
 * What became of a `tell` at the sender's side. An actor of another domain
 * always counts as `queued`: only its link will know.
 */
export type Delivery = "queued" | "full" | "gone";

/** How grave a log line is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * The world, as one step sees it. Valid during the step only. Everything told,
 * asked, replied or recorded takes effect when the step returns; a step that
 * throws leaves neither event nor output.
 */
export interface Context<
  M extends Message = Message,
  E extends JournalEvent = JournalEvent,
> {
  /** The actor's own address. */
  readonly self: Ref<M>;
  /** Which life of the actor this is, from 1. */
  readonly incarnation: number;
  /**
   * Wall time in milliseconds since 1970, the same during one batch, never
   * behind an event that this actor has recorded. For facts, not for waiting.
   */
  now(): number;
  /** The next integer in [0, 2^32) of the actor's own labelled stream. */
  random(): number;
  /** Sends without waiting for an answer. */
  tell<T extends Message>(to: Ref<T>, message: T): Delivery;
  /**
   * Sends and gets the answer later as a message of kind `options.as`. Throws a
   * RangeError for a wait that is not finite.
   */
  ask<T extends Message, About>(
    to: Ref<T>,
    message: T,
    options: AskOptions<About>,
  ): void;
  /** Answers the message of this step. Without an asker it does nothing. */
  reply(outcome: Outcome<unknown>): void;
  /**
   * Takes the asker of this step along, to answer in a later one; 0: none. Who
   * takes more than 65,536 along has another one answered `unknown`.
   */
  asker(): Asker;
  /** Answers a message of an earlier step. An asker already gone is ignored. */
  answer(asker: Asker, outcome: Outcome<unknown>): void;
  /**
   * Sends `message` to this actor after `delayMs`. A timer with the same key
   * replaces the earlier one; all die with the incarnation. One that has fired
   * already waits in the mailbox and comes, cancelled or not. Throws a
   * RangeError for a delay that is not finite and beyond 65,536 timers.
   */
  timer(key: string, delayMs: number, message: M): void;
  /** Forgets the timer of that key. */
  cancelTimer(key: string): void;
  /**
   * Applies the event to the state at once and stages it for the journal.
   * Throws a TypeError when the actor is not journaled.
   */
  record(event: E): void;
  /** Adds to a counter that the host shows in metrics, at once. */
  count(name: string, by?: number): void;
  /** Writes one structured line, at once. Never give it a secret. */
  log(
    level: LogLevel,
    text: string,
    fields?: Readonly<Record<string, unknown>>,
  ): void;
}

/** What the runtime tells a behavior outside the stream of messages. */
export type Signal =
  /** The state was folded from the journal: arm timers, ask again. */
  | { readonly kind: "recovered" }
  /** The host is stopping; what is recorded now is still committed. */
  | { readonly kind: "stopping" };

/** Lanes of a mailbox that a protocol can use. */
export type Lane = "normal" | "urgent";

/**
 * How an actor behaves. `Args` is plain data from the topology, fixed for the
 * life of the host. `State` is plain data owned by the host. What recovery
 * must not bring back (waiting askers, published counters) lives under the
 * state's `volatile` member, which a snapshot and a state comparison leave out.
 */
export interface Behavior<
  State,
  M extends Message = Message,
  Args = undefined,
  E extends JournalEvent = never,
> {
  /** Names the behavior in logs and metrics. */
  readonly name: string;
  /** The state before the first event. May throw: an exit like any other. */
  start(args: Args): State;
  /** Handles one message. Synchronous; a throw is a crash. */
  receive(ctx: Context<M, E>, state: State, message: M): void;
  /** Journaled actors only: the sole place where durable state changes. */
  apply?(state: State, event: E): void;
  /** Optional: reacts to a signal. */
  signal?(ctx: Context<M, E>, state: State, signal: Signal): void;
  /** Kinds that go into the urgent lane. */
  readonly urgent?: ReadonlySet<string>;
  /** Kinds that may be dropped, unrun and counted, when their deadline passed. */
  readonly droppable?: ReadonlySet<string>;
  /** Names what a message is about (a SKU, a user), for quarantine. */
  keyOf?(message: M): string;
}

/** Any behavior, where only the runtime looks inside. */
// deno-lint-ignore no-explicit-any
export type AnyBehavior = Behavior<any, any, any, any>;
