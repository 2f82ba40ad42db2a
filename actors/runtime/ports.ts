/**
 * The runtime's ports: what a host lends to a commit domain. A live host backs
 * them with the machine, a stepping host or a simulator with seeded models.
 *
 * @module
 */
import type { JournalEvent, LogLevel, Message } from "./actor.ts";
import type { Envelope } from "./envelope.ts";
import type { Outcome } from "./outcome.ts";
import type { RestartPolicy } from "./supervisor.ts";

/** Two clocks. Read once a batch, never once a message. */
export interface Clock {
  /**
   * Milliseconds on a clock that never steps; the same origin in all threads
   * of a process. For deadlines.
   */
  monotonicMs(): number;
  /** Milliseconds since 1970. For facts. */
  wallMs(): number;
}

/** A stream of random integers. */
export interface Random {
  /** The next integer in [0, 2^32). */
  next(): number;
}

/** The events that one partition adds in one commit, in order. */
export interface Append {
  /** The partition's name, such as `inventory[3]`. */
  readonly partition: string;
  /** The epoch under which the writer owns the partition. */
  readonly epoch: number;
  /** The sequence number of the first event, from 1, without gaps. */
  readonly firstSequence: number;
  /** Oldest first. */
  readonly events: readonly JournalEvent[];
}

/** How an append ended. */
export type AppendResult =
  /** All of it is on disk. */
  | "durable"
  /** Nothing of it was written: a newer epoch owns one of its partitions. */
  | "fenced"
  /** Nothing of it was written and trying again can help (disk full). */
  | "unavailable"
  /** It may have been written. */
  | "unknown";

/** What taking over a partition brought. */
export interface Recovered {
  /** As it was asked for. */
  readonly partition: string;
  /** The new epoch, larger than every earlier one of the partition. */
  readonly epoch: number;
  /** The sequence number of the last durable event; 0 when there is none. */
  readonly lastSequence: number;
}

/**
 * Hands over a partition's past: first at most one snapshot, then the events
 * after it in order of sequence.
 */
export interface FoldTarget {
  /** State as the fold of all events up to `sequence`. */
  snapshot(state: unknown, sequence: number): void;
  /** The next event. What it throws comes out of the journal's call. */
  event(event: JournalEvent): void;
}

/**
 * The journal of a commit domain. Completion comes by callback, at once or in
 * a later turn, in the order of the calls, so that a synchronous embedded
 * database and one across a network fit the same port.
 */
export interface Journal {
  /**
   * Takes partitions over: raises the epoch of each, in the journal, before
   * anything is read, so that every earlier owner is fenced; then replays each
   * into the target that `into` gives for it. `done` gets null when the
   * storage cannot be reached now.
   */
  recover(
    partitions: readonly string[],
    into: (partition: string) => FoldTarget,
    done: (recovered: readonly Recovered[] | null) => void,
  ): void;
  /**
   * Replays one partition again, under the epoch it is already owned with
   * (an actor restarts while its neighbors run on).
   */
  replay(
    partition: string,
    into: FoldTarget,
    done: (lastSequence: number | null) => void,
  ): void;
  /** Commits all appends in one transaction, or none. */
  append(
    appends: readonly Append[],
    done: (result: AppendResult) => void,
  ): void;
}

/** Takes structured log lines. */
export interface Log {
  /** Takes one line; must not throw. */
  write(
    level: LogLevel,
    text: string,
    fields: Readonly<Record<string, unknown>>,
  ): void;
}

/** What became of an actor's messages, in all its lives. */
export interface MailCounts {
  /** Those that its mailbox took. */
  taken: number;
  /** Those that left it in their turn. */
  given: number;
  /** Those that left it to make room, or as their actor ended. */
  dropped: number;
  /** Of those given, what was not run: too late, or a signal. */
  passed: number;
}

/** Sees what a domain does, step by step. A simulator's; a live host has none. */
export interface DomainObserver {
  /** A step returned; `reply`: what it answered its message, null: nothing. */
  stepped(
    actor: string,
    message: Message,
    reply: Outcome<unknown> | null,
    /** The actor's newest event when the step returned; 0: none. */
    sequence: number,
    /** The epoch of its journal; 0: it has none. */
    epoch: number,
  ): void;
  /** An actor recorded an event: staged, not durable. */
  recorded(
    actor: string,
    epoch: number,
    sequence: number,
    event: JournalEvent,
  ): void;
  /** Where to count the mail of a new actor; left out: nowhere. */
  mailOf?(actor: string): MailCounts;
}

/**
 * Why a domain ended: a newer epoch owns one of its partitions; an append may
 * have been lost; its host's lease to run it is over.
 */
export type DomainEnd = "fenced" | "append-unknown" | "lease-lost";

/** What a host lends to a domain. None of its functions may throw. */
export interface DomainOptions {
  /** The address of callers outside its actors; unique among domains. */
  readonly name: string;
  /** Which life of the domain this is; ask ids of other lives never match. */
  readonly incarnation: number;
  /** Where the actors' random streams come from. */
  readonly seed: number;
  /** Read once a run, and when something comes in between two runs. */
  readonly clock: Clock;
  /** Takes structured lines. */
  readonly log: Log;
  /** Null where no actor is journaled. */
  readonly journal: Journal | null;
  /** Takes what leaves. "full" and "gone" come back to the asker as failures. */
  readonly transmit: (envelope: Envelope) => "queued" | "full" | "gone";
  /** Asks for a `run` soon. Called at most once between two runs. */
  readonly wake: () => void;
  /** The domain ended. Nothing more runs. */
  readonly died: (reason: DomainEnd) => void;
  /**
   * What the root supervisor allows those directly below it; by default three
   * restarts in five seconds.
   */
  readonly root?: RestartPolicy;
  /**
   * Whether the keyed actor of an address lives here, and not in another
   * domain that has the same kind. By default all of them do.
   */
  readonly isHome?: (address: string) => boolean;
  /** The root supervisor gave up and stopped everybody. */
  readonly escalated?: () => void;
  /** Picks among `count` actors with mail; by default the longest waiting. */
  readonly pick?: (count: number) => number;
  /** Sees every step; nobody unless told. */
  readonly observer?: DomainObserver;
  /** Steps in one run; a stepping host takes 1. */
  readonly stepsPerRun?: number;
  /**
   * How late timers and deadlines may be noticed, in milliseconds; by default
   * 8, which makes them cheap.
   */
  readonly latenessMs?: number;
  /**
   * Checks that all that actors hand over is plain data, and freezes it, so
   * that a behavior which writes into a message or an event crashes.
   */
  readonly freeze?: boolean;
}
