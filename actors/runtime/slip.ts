/**
 * What travels beside a message: who waits for its answer, that it is such an
 * answer, which timer sent it, or that it is a signal. A plain tell has none.
 *
 * One `Ask` serves both ends when both are in the same domain: the asker finds
 * in it what the answer becomes, the target whom to answer, and the wheel of
 * deadlines its place. Nothing has to be looked up to settle it.
 *
 * @module
 */
import type { Cell } from "./cell.ts";
import type { CircuitBreaker } from "./circuit_breaker.ts";
import type { Due } from "./deadlines.ts";
import type { Outcome } from "./outcome.ts";
import type { Message, Signal } from "./actor.ts";

/** An ask that waits, or its answer on the way back to the asker. */
export class Ask implements Due {
  previous: Due | null = null;
  next: Due | null = null;
  /** Settled: what travels with this slip is the answer. */
  isSettled = false;
  /** A host's ask: the answer is there and may wait for a commit. */
  isAnswered = false;
  /** Where the target has a breaker. */
  guarded: GuardedCall | null = null;

  constructor(
    /** The asking actor of this domain; null: somebody outside its actors. */
    readonly cell: Cell | null,
    /** The asker's life; an answer to an earlier one is nobody's. */
    readonly life: number,
    /** The address of the target. */
    readonly to: string,
    /** The address that is answered, where the asker is not a cell here. */
    readonly from: string,
    /** Names the ask across domains; 0 when it does not leave. */
    readonly id: number,
    /** Monotonic time after which nobody waits; 0: no deadline. */
    readonly deadlineMs: number,
    /** The kind of the message that the answer becomes. */
    readonly as: string,
    /** Handed back with the answer. */
    readonly about: unknown,
    /** Called with the outcome, where a host asks. */
    readonly done: ((outcome: Outcome<unknown>) => void) | null,
    /** Who waits for this answer in order to answer: the asks behind it. */
    readonly chain: Chain | null,
  ) {}

  /** Tells slips apart; not a field, as an ask should be small. */
  get role(): "ask" {
    return "ask";
  }
}

/** A call that a breaker let through, and wants to hear the end of. */
export interface GuardedCall {
  readonly breaker: CircuitBreaker;
  /** The breaker's, when it let the call through. */
  readonly generation: number;
  readonly startedMs: number;
}

/**
 * The asks that wait for this one, the newest first. An ask whose target
 * stands in its own chain could wait for itself.
 */
export interface Chain {
  /** The actor that was asked and asks on. */
  readonly address: string;
  /** The ask that it has to answer; null: one of another domain. */
  readonly ask: Ask | null;
  readonly next: Chain | null;
}

/** A timer that runs, and the slip of the message that it sends. */
export class Timer implements Due {
  previous: Due | null = null;
  next: Due | null = null;
  readonly role = "timer";

  constructor(
    readonly cell: Cell,
    readonly life: number,
    readonly key: string,
    readonly message: Message,
  ) {}
}

/** Says that the message is a signal. */
export class SignalSlip {
  readonly role = "signal";

  constructor(
    readonly life: number,
    readonly signal: Signal,
    /** Heard without a watch: the end of a child. */
    readonly isOwn: boolean,
  ) {}
}

/** What can stand beside a message. */
export type Slip = Ask | Timer | SignalSlip;

/**
 * Whether mail of an actor is an answer, a timer or a signal: nobody but the
 * actor itself asked for it, so no flood may push it out. A settled ask alone
 * says nothing: it is the question too, when its time is over before it is run.
 */
export function isControl(
  slip: Slip | null,
  message: Message,
  cell: Cell,
): boolean {
  if (slip === null) return false;
  return slip.role !== "ask" || isAnswer(slip, message, cell);
}

/** Whether mail of an actor is the answer to an ask of its own. */
export function isAnswer(slip: Ask, message: Message, cell: Cell): boolean {
  return slip.isSettled && slip.cell === cell && slip.as === message.kind;
}
