/**
 * What nobody took: counted by reason, and the newest of them kept to be
 * looked at. The messages themselves are not kept; they may be large, and what
 * they held may be nobody's business.
 *
 * @module
 */

/** Why nobody took a message. */
export type DeadLetterReason =
  /** Nobody of that address is there, or its domain is not reachable. */
  | "not_there"
  /** It found its lane full, and the policy is not to wait. */
  | "full"
  /** It was the oldest (`drop_oldest`) or the newest (`drop_newest`). */
  | "dropped"
  /** Its receiver ended before it was handled. */
  | "ended"
  /** An answer to an ask that had ended, or to an earlier life. */
  | "late_answer"
  /** A timer or signal of an earlier life. */
  | "earlier_life"
  /** Its kind and key crashed the receiver before. */
  | "quarantined"
  /** Its deadline had passed, and its kind may be dropped then. */
  | "expired";

/** One message that nobody took. */
export interface DeadLetter {
  /** Monotonic time. */
  readonly atMs: number;
  /** Whom it was for. */
  readonly to: string;
  /** Of the message; of an answer the kind that it would have become. */
  readonly messageKind: string;
  /** Why nobody took it. */
  readonly reason: DeadLetterReason;
}

/** Enough to see a pattern; about 20 kB. */
const KEPT = 256;

/** Counts all, keeps the newest. */
export class DeadLetters {
  /** How many there were. */
  total = 0;
  readonly #byReason = new Map<DeadLetterReason, number>();
  readonly #newest: DeadLetter[] = [];
  #next = 0;

  /** Notes one. */
  note(letter: DeadLetter): void {
    const { reason } = letter;
    this.total++;
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
    this.#newest[this.#next] = letter;
    this.#next = (this.#next + 1) % KEPT;
  }

  /** The newest 256, oldest first. */
  newest(): readonly DeadLetter[] {
    const { length } = this.#newest;
    return length < KEPT ? [...this.#newest] : [
      ...this.#newest.slice(this.#next),
      ...this.#newest.slice(0, this.#next),
    ];
  }

  /** How many there were of each reason that occurred. */
  byReason(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byReason);
  }
}
