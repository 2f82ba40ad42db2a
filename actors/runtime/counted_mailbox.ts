/**
 * A mailbox that counts what becomes of its messages, for who holds that
 * against what the domain counts itself: a simulator. A live one counts
 * nothing, since it would cost each message.
 *
 * @module
 */
import type { Lane, Message } from "./actor.ts";
import { type Mail, Mailbox } from "./mailbox.ts";
import type { MailCounts } from "./ports.ts";
import type { Slip } from "./slip.ts";

/** See the module's text. */
export class CountedMailbox extends Mailbox {
  readonly #counts: MailCounts;

  /** Counts into what it is given. */
  constructor(capacity: number, counts: MailCounts) {
    super(capacity);
    this.#counts = counts;
  }

  override push(message: Message, slip: Slip | null, lane: Lane): void {
    this.#counts.taken++;
    super.push(message, slip, lane);
  }

  override shift(): Message | undefined {
    const message = super.shift();
    if (message !== undefined) this.#counts.given++;
    return message;
  }

  override notePassed(): void {
    this.#counts.passed++;
  }

  /** A step threw: what it had put here was never taken. */
  override pop(lane: Lane): Mail {
    this.#counts.taken--;
    return super.pop(lane);
  }

  override dropOldest(
    lane: Lane,
    mayGo: (mail: Mail) => boolean,
  ): Mail | undefined {
    const dropped = super.dropOldest(lane, mayGo);
    if (dropped !== undefined) this.#counts.dropped++;
    return dropped;
  }

  /** What was set aside comes again. */
  override prepend(mail: readonly Mail[]): void {
    this.#counts.taken += mail.length;
    super.prepend(mail);
  }

  override drain(): Mail[] {
    const mail = super.drain();
    this.#counts.dropped += mail.length;
    return mail;
  }
}
