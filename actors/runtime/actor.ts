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

/** The answer type of the message of that kind in a protocol. */
export type AnswerOf<M extends Message, Kind extends M["kind"]> = AnswerTo<
  Extract<M, { readonly kind: Kind }>
>;

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
export interface AskOptions<About, Kind extends string = string> {
  /** The kind of the message that the answer becomes. */
  readonly as: Kind;
  /** The wait is over after this many milliseconds; must be finite. */
  readonly withinMs: number;
  /** Handed back with the answer. Plain data. */
  readonly about?: About;
}

/**
 * Nothing to add when the answer is a message that the asker takes; else a
 * type that no options have, so that the ask does not compile.
 */
export type AnswerFits<M extends Message, Kind extends string, Value, About> =
  Answered<Kind, Value, About> extends M ? unknown
    : { readonly as: { readonly takes: Answered<Kind, Value, About> } };

/**
 * What became of a `tell` at the sender's side. An actor of another domain
 * always counts as `queued`: only its link will know. `full` and `gone` had no
 * effect; a message that its receiver's overflow policy dropped was `queued`
 * (`drop_oldest`: an older one went to the dead letters instead).
 */
export type Delivery = "queued" | "full" | "gone";

/** Why an actor ended for good. A closed union. */
export type ExitReason =
  /** It stopped itself, all its mail handled. */
  | { readonly kind: "normal" }
  /** Its supervisor, its parent or its host stopped it. */
  | { readonly kind: "shutdown" }
  /** A step threw, and it is not restarted. */
  | {
    readonly kind: "crashed";
    readonly cause: string;
    /** Of the message that was run; `signal` where there was none. */
    readonly messageKind: string;
  }
  /** Its `start` threw. */
  | { readonly kind: "init_failed"; readonly cause: string }
  /** It was ended without being heard. */
  | {
    readonly kind: "killed";
    readonly why: "asked" | "deadline" | "hung" | "out_of_memory";
  }
  /** The thread or process in which it lived is gone. */
  | { readonly kind: "host_lost" }
  /** It, or those it supervised, crashed more often than is allowed. */
  | { readonly kind: "budget_exceeded" }
  /** Nobody of that address is there. */
  | { readonly kind: "not_there" };

/** Who is started again: always, after an abnormal end, never. */
export type RestartType = "permanent" | "transient" | "temporary";

/**
 * What happens to a `tell` that finds its lane full. `reject`: it has no effect
 * and the teller hears `full`. `drop_newest`, `drop_oldest`: a message goes to
 * the dead letters, counted. `backpressure`: as `reject`, and the teller gets
 * the signal `room` when half of the lane is free again. An ask that finds the
 * lane full always fails as `overloaded`.
 */
export type Overflow =
  | "reject"
  | "drop_newest"
  | "drop_oldest"
  | "backpressure";

/** The bounds of a mailbox. */
export interface MailboxSpec {
  /** The most messages in each lane. Default 1,024. */
  readonly capacity?: number;
  /** Default `reject`. */
  readonly overflow?: Overflow;
  /** The most messages set aside by `ctx.stash`. Default: the capacity. */
  readonly stashCapacity?: number;
}

/** An actor as its supervisor or parent starts it. */
export interface ChildSpec<
  State = unknown,
  M extends Message = Message,
  Args = unknown,
  E extends JournalEvent = JournalEvent,
> {
  /**
   * A supervisor's child has this address; a spawned one has that of its
   * parent, a slash and this.
   */
  readonly name: string;
  /** What it does. */
  readonly behavior: Behavior<State, M, Args, E>;
  /** Handed to `start` in each life. Plain data. */
  readonly args: Args;
  /** Default `permanent` under a supervisor, `temporary` when spawned. */
  readonly restart?: RestartType;
  /**
   * How long it may take, when it is stopped, to handle the mail that it has.
   * Then it is killed. 0: at once. Default 5,000.
   */
  readonly shutdownMs?: number;
  /** The bounds of its mailbox. */
  readonly mailbox?: MailboxSpec;
  /** It gets the signal `idle` after so long without a message. */
  readonly idleAfterMs?: number;
  /** Its events go to the journal, under its address as the partition. */
  readonly journaled?: boolean;
}

/** How grave a log line is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * The world, as one step sees it. Valid during the step only. Everything told,
 * asked, replied or recorded takes effect when the step returns; a step that
 * throws leaves neither event nor output.
 */
export interface Context<
  M extends Message = Message & Asks<unknown>,
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
  ask<
    T extends Message,
    Sent extends T["kind"],
    Kind extends M["kind"],
    About = undefined,
  >(
    to: Ref<T>,
    message: NoInfer<T> & { readonly kind: Sent },
    options:
      & AskOptions<About, Kind>
      & AnswerFits<M, Kind, AnswerOf<T, Sent>, About>,
  ): void;
  /**
   * Answers the message of this step, with an answer that some message of the
   * protocol asks for. Without an asker it does nothing.
   */
  reply(outcome: Outcome<AnswerTo<M>>): void;
  /**
   * Takes the asker of this step along, to answer in a later one; 0: none. Who
   * takes more than 65,536 along has another one answered `unknown`.
   */
  asker(): Asker;
  /** Answers a message of an earlier step. An asker already gone is ignored. */
  answer(asker: Asker, outcome: Outcome<AnswerTo<M>>): void;
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
   * Starts a child. It is there when this returns, and gone again when the
   * step throws. A `start` that throws is the child's end (`init_failed`), not
   * this actor's. Its end comes back as the signal `down`. Children stop
   * before their parent has stopped, and when it crashes. Throws a TypeError
   * for a name that is taken or not made of letters, digits, `_`, `-`, `.`.
   */
  spawn<S, T extends Message, A, Ev extends JournalEvent>(
    child: ChildSpec<S, T, A, Ev>,
  ): Ref<T>;
  /**
   * Stops this actor, or a child of it: no more mail is taken, what is there
   * is handled, then its children are stopped, then it hears `stopping`. What
   * is not done after its `shutdownMs` is not done. A permanent actor that
   * stops itself is started again. Nothing happens for a child that has ended
   * already; throws a TypeError for somebody else's.
   */
  stop(child?: Ref<never>): void;
  /** Ends a child without its being heard; its mail goes to the dead letters. */
  kill(child: Ref<never>): void;
  /**
   * Hears the signal `down`, once, when that actor has ended for good; soon,
   * when it has ended already. Restarts are not an end. Watching twice is
   * watching once. A watch ends with this actor's incarnation.
   */
  watch(ref: Ref<never>): void;
  /** No `down` of that actor comes after this, not even one under way. */
  unwatch(ref: Ref<never>): void;
  /**
   * Sets the message of this step aside, its asker with it; it survives a
   * restart. False when the stash is full: then it is not set aside.
   */
  stash(): boolean;
  /**
   * Puts back the oldest `limit` messages set aside, in front of the mail that
   * waits. Default: all.
   */
  unstash(limit?: number): void;
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
  /** This life ends; what is recorded now is still committed. */
  | { readonly kind: "stopping" }
  /** No message came for the `idleAfterMs` of its spec. */
  | { readonly kind: "idle" }
  /** A watched actor, or a child, has ended for good. */
  | {
    readonly kind: "down";
    readonly ref: Ref;
    readonly reason: ExitReason;
  }
  /** A mailbox that was full for this actor has room again, or has ended. */
  | { readonly kind: "room"; readonly ref: Ref };

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
  M extends Message = Message & Asks<unknown>,
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
