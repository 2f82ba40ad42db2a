/**
 * What one step wants of the world, until it returns. Mail for actors of the
 * domain goes straight into their mailboxes, since nobody runs meanwhile, and
 * is taken out again when the step throws; all else waits here.
 *
 * @module
 */
import type { JournalEvent, Lane, Message } from "./actor.ts";
import type { Cell } from "./cell.ts";
import type { Envelope } from "./envelope.ts";
import type { Mail } from "./mailbox.ts";
import type { Outcome } from "./outcome.ts";
import type { Ask, Chain, Slip } from "./slip.ts";

/** A timer to be set, or with null cancelled, when the step has returned. */
export interface StagedTimer {
  readonly key: string;
  readonly delayMs: number;
  readonly message: Message | null;
}

/** The effects of the step under way. */
export class Effects {
  /** What the step was given; null for a signal. */
  message: Message | null = null;
  /** What came beside the message is an ask that the step may answer. */
  isAsked = false;
  /** What came beside the message. */
  slip: Slip | null = null;
  /** What the step answered its message; noted for an observer alone. */
  reply: Outcome<unknown> | null = null;
  /** It was answered, taken along or set aside. */
  isAnswered = false;
  /** The message was set aside. */
  isStashed = false;
  /** A step is under way. */
  isOpen = false;
  /** Who waits behind what this step asks; undefined: not looked up yet. */
  chain: Chain | null | undefined = undefined;
  /** Anything but mail inside the domain is wanted. */
  isDirty = false;
  readonly outputs: Envelope[] = [];
  readonly timers: StagedTimer[] = [];
  readonly events: JournalEvent[] = [];
  /** Asks of earlier steps that this step has answered. */
  readonly settled: Ask[] = [];
  /** Asks of this step that would leave the domain. */
  readonly opened: Ask[] = [];
  /** Things to do when the step has returned. */
  readonly deferred: (() => void)[] = [];
  /** Runs of pushes into one lane: receiver, lane and how many. */
  #runs = 0;
  readonly #receivers: Cell[] = [];
  readonly #lanes: Lane[] = [];
  readonly #counts: number[] = [];

  /** The ask that the step may answer; null: there is none. */
  get asking(): Ask | null {
    return this.isAsked ? this.slip as Ask : null;
  }

  /** Notes a push into a mailbox, so that it can be taken back. */
  pushed(receiver: Cell, lane: Lane): void {
    const last = this.#runs - 1;
    if (
      last >= 0 && this.#receivers[last] === receiver &&
      this.#lanes[last] === lane
    ) {
      this.#counts[last]!++;
      return;
    }
    const run = this.#runs++;
    this.#receivers[run] = receiver;
    this.#lanes[run] = lane;
    this.#counts[run] = 1;
  }

  /** Takes all mail back, the newest first. */
  undo(tookBack: (mail: Mail, receiver: Cell) => void): void {
    while (this.#runs > 0) {
      const run = --this.#runs;
      const receiver = this.#receivers[run]!;
      for (let left = this.#counts[run]!; left > 0; left--) {
        tookBack(receiver.mailbox.pop(this.#lanes[run]!), receiver);
      }
    }
  }

  /** A step begins. */
  begin(message: Message | null, slip: Slip | null, isAsked: boolean): void {
    this.isOpen = true;
    this.message = message;
    this.slip = slip;
    this.isAsked = isAsked;
    this.reply = null;
    this.isAnswered = false;
    this.chain = undefined;
    this.#runs = 0;
  }

  /**
   * Lets steps of others run in the midst of the one under way, which then goes
   * on as if nothing had been. Rare: a keyed actor makes room for another.
   */
  aside<Result>(act: () => Result): Result {
    if (!this.isOpen) return act();
    const { message, slip, isAsked, reply } = this;
    const { isAnswered, isStashed, chain, isDirty } = this;
    const runs = this.#runs;
    const lists: readonly unknown[][] = [
      ...[this.outputs, this.timers, this.events, this.settled],
      ...[this.opened, this.deferred],
      ...[this.#receivers, this.#lanes, this.#counts],
    ];
    const staged = lists.map((list) => list.splice(0));
    this.isDirty = this.isStashed = false;
    this.clear();
    const result = act();
    this.begin(message, slip, isAsked);
    for (const [index, list] of lists.entries()) {
      list.length = 0;
      for (const each of staged[index]!) list.push(each);
    }
    this.#runs = runs;
    Object.assign(this, { reply, isAnswered, isStashed, chain, isDirty });
    return result;
  }

  /** Forgets all that was wanted: it took effect, or the step threw. */
  clear(): void {
    this.isOpen = false;
    this.isAsked = false;
    this.message = null;
    this.slip = null;
    this.#runs = 0;
    if (this.#receivers.length > RECEIVERS_KEPT) this.#forgetReceivers();
    if (this.isDirty) this.#clearStaged();
  }

  /** A step that told a million keeps no list of them. */
  #forgetReceivers(): void {
    this.#receivers.length = this.#lanes.length = this.#counts.length = 0;
  }

  #clearStaged(): void {
    this.isDirty = false;
    this.isStashed = false;
    empty(this.outputs);
    empty(this.timers);
    empty(this.events);
    empty(this.settled);
    empty(this.opened);
    empty(this.deferred);
  }
}

/** More than the receivers of nearly every step; 16 kB. */
const RECEIVERS_KEPT = 2_048;

/**
 * `length = 0` would give the array's memory back, for the next step to ask
 * for again: an eighth of what a purchase costs.
 */
function empty(list: unknown[]): void {
  while (list.length > 0) list.pop();
}
