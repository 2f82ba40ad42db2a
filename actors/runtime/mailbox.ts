/**
 * A mailbox: bounded queues in lanes. Urgent mail goes first, but after eight
 * urgent messages a normal one has its turn, so neither lane starves the
 * other. Answers, timers and signals pass the bound here: their number is
 * bounded where they are asked for.
 *
 * A message stands beside its slip (who asked, which timer), null for a plain
 * tell. Nearly every mailbox holds one message at a time: that one stands in
 * the mailbox itself, and there is no queue before a second one comes.
 *
 * @module
 */
import type { Lane, Message } from "./actor.ts";
import type { Slip } from "./slip.ts";

/** A message with its slip, where something is done with many of them. */
export interface Mail {
  readonly message: Message;
  readonly slip: Slip | null;
}

/** 1,024 messages are 8 kB: small enough for young space. */
const SEGMENT_MESSAGES_MAX = 1_024;

/** A short backlog, of a sender that says some things in one step. */
const SEGMENT_MESSAGES_MIN = 4;

/** Messages in a row. A place without a message has no slip either. */
class Segment {
  next: Segment | null = null;
  readonly messages: (Message | undefined)[];
  /** Beside each message its slip; null: all of them are plain tells. */
  slips: (Slip | null)[] | null = null;

  constructor(length: number) {
    this.messages = new Array(length);
  }

  put(index: number, message: Message, slip: Slip | null): void {
    this.messages[index] = message;
    if (slip === null) return;
    this.slips ??= new Array<Slip | null>(this.messages.length).fill(null);
    this.slips[index] = slip;
  }

  /** Takes a slip out: what was read must not be kept alive from here. */
  takeSlip(index: number): Slip | null {
    this.messages[index] = undefined;
    const { slips } = this;
    if (slips === null) return null;
    const slip = slips[index]!;
    slips[index] = null;
    return slip;
  }
}

/**
 * A first-in-first-out queue of chained segments: a short one is used again
 * and again in place, and a backlog of a million costs no copying.
 */
export class MailQueue {
  /** The slip of the message that `shift` gave last. */
  slip: Slip | null = null;
  /** How many messages wait. */
  size = 0;
  #head: Segment;
  #headIndex = 0;
  #tail: Segment;
  #tailIndex = 0;

  constructor() {
    this.#head = this.#tail = new Segment(SEGMENT_MESSAGES_MIN);
  }

  /** Adds a message behind the others. Unbounded: its owner keeps the bound. */
  push(message: Message, slip: Slip | null): void {
    if (this.#tailIndex === this.#tail.messages.length) this.#grow();
    this.#tail.put(this.#tailIndex++, message, slip);
    this.size++;
  }

  /** The oldest message, or undefined when there is none; sets `slip`. */
  shift(): Message | undefined {
    if (this.size === 0) return undefined;
    const head = this.#head;
    const index = this.#headIndex++;
    const message = head.messages[index];
    this.slip = head.takeSlip(index);
    this.size--;
    if (this.size === 0) {
      this.#head = this.#tail;
      this.#headIndex = this.#tailIndex = 0;
    } else if (this.#headIndex === head.messages.length) {
      // It is drained and another follows, since something is left.
      this.#head = head.next!;
      this.#headIndex = 0;
    }
    return message;
  }

  /** Takes the newest message out again. There must be one. */
  pop(): Mail {
    if (this.#tailIndex === 0) this.#retreat();
    const index = --this.#tailIndex;
    const message = this.#tail.messages[index]!;
    const slip = this.#tail.takeSlip(index);
    this.size--;
    return { message, slip };
  }

  /** Puts messages in front of the others, in their order. */
  prepend(mail: readonly Mail[]): void {
    for (let index = mail.length - 1; index >= 0; index--) {
      if (this.#headIndex === 0) this.#growInFront();
      const { message, slip } = mail[index]!;
      this.#head.put(--this.#headIndex, message, slip);
      this.size++;
    }
  }

  /** Takes out the oldest message that may go; undefined when none may. */
  takeOldest(mayGo: (mail: Mail) => boolean): Mail | undefined {
    const passed: Mail[] = [];
    let taken: Mail | undefined;
    while (taken === undefined && this.size > 0) {
      const mail = { message: this.shift()!, slip: this.slip };
      if (mayGo(mail)) taken = mail;
      else passed.push(mail);
    }
    this.prepend(passed);
    return taken;
  }

  /** Takes everything out, oldest first. */
  drain(): Mail[] {
    const mail: Mail[] = [];
    for (let message = this.shift(); message; message = this.shift()) {
      mail.push({ message, slip: this.slip });
    }
    return mail;
  }

  #grow(): void {
    const { length } = this.#tail.messages;
    const segment = new Segment(Math.min(length * 4, SEGMENT_MESSAGES_MAX));
    this.#tail.next = segment;
    this.#tail = segment;
    this.#tailIndex = 0;
  }

  #growInFront(): void {
    const segment = new Segment(SEGMENT_MESSAGES_MIN);
    segment.next = this.#head;
    this.#head = segment;
    this.#headIndex = segment.messages.length;
  }

  /** Makes the segment before the last one the last; only an undo needs it. */
  #retreat(): void {
    let segment = this.#head;
    while (segment.next !== this.#tail) segment = segment.next!;
    segment.next = null;
    this.#tail = segment;
    this.#tailIndex = segment.messages.length;
  }
}

/** Urgent messages served before one normal message has its turn. */
const URGENT_RUN = 8;

/** The queues of one actor. */
export class Mailbox {
  /** The most messages in each lane. */
  readonly capacity: number;
  /** How many messages wait in both lanes. */
  size = 0;
  /**
   * The slip of the message that `shift` gave last, until the next call. While
   * there is a `#first`, its slip: storing it once less is what can be seen.
   */
  slip: Slip | null = null;
  /** A normal message that came when there was none: older than `#normal`. */
  #first: Message | null = null;
  #normal: MailQueue | null = null;
  #urgent: MailQueue | null = null;
  #urgentRun = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Whether the lane takes one more. */
  hasRoom(lane: Lane): boolean {
    // Nearly always true, and there is no need to look at one lane then.
    return this.size < this.capacity || this.#sizeOf(lane) < this.capacity;
  }

  /** True when at least half of each lane is free. */
  get isHalfFree(): boolean {
    const most = this.capacity / 2;
    return this.#sizeOf("normal") <= most && this.#sizeOf("urgent") <= most;
  }

  #sizeOf(lane: Lane): number {
    const urgent = this.#urgent === null ? 0 : this.#urgent.size;
    return lane === "urgent" ? urgent : this.size - urgent;
  }

  /** Takes the message whatever the bound: what was bounded elsewhere. */
  push(message: Message, slip: Slip | null, lane: Lane): void {
    this.size++;
    if (lane === "urgent") {
      (this.#urgent ??= new MailQueue()).push(message, slip);
    } else if (
      this.#first === null && (this.#normal === null || this.#normal.size === 0)
    ) {
      this.#first = message;
      this.slip = slip;
    } else (this.#normal ??= new MailQueue()).push(message, slip);
  }

  /** The next message by the rule of the lanes, or undefined; sets `slip`. */
  shift(): Message | undefined {
    if (this.size === 0) {
      this.#urgentRun = 0;
      return undefined;
    }
    this.size--;
    if (this.#isUrgentNext()) return this.#shiftFrom(this.#urgent!);
    this.#urgentRun = 0;
    const first = this.#first;
    if (first === null) return this.#shiftFrom(this.#normal!);
    this.#first = null;
    return first;
  }

  /** What `shift` gave last was not run. Counted by `CountedMailbox`. */
  notePassed(): void {}

  #isUrgentNext(): boolean {
    return this.#urgent !== null && this.#takesUrgentTurn(this.#urgent.size);
  }

  #takesUrgentTurn(urgent: number): boolean {
    if (urgent === 0) return false;
    // What is left of the size stands in the normal lane.
    if (this.#urgentRun >= URGENT_RUN && this.size >= urgent) return false;
    this.#urgentRun++;
    // The place of its slip is needed.
    if (this.#first !== null) this.#wholeNormal();
    return true;
  }

  #shiftFrom(queue: MailQueue): Message | undefined {
    const message = queue.shift();
    this.slip = queue.slip;
    return message;
  }

  /** Takes the newest message of a lane out again. There must be one. */
  pop(lane: Lane): Mail {
    this.size--;
    if (lane === "urgent") return this.#urgent!.pop();
    if (this.#normal !== null && this.#normal.size > 0) {
      return this.#normal.pop();
    }
    return this.#takeFirst()!;
  }

  /** Takes the oldest message of a lane that may go out, if there is one. */
  dropOldest(lane: Lane, mayGo: (mail: Mail) => boolean): Mail | undefined {
    const queue = lane === "urgent" ? this.#urgent : this.#wholeNormal();
    const dropped = queue?.takeOldest(mayGo);
    if (dropped !== undefined) this.size--;
    return dropped;
  }

  /** Puts messages in front of the normal lane, in their order. */
  prepend(mail: readonly Mail[]): void {
    this.#wholeNormal().prepend(mail);
    this.size += mail.length;
  }

  /** Takes everything out, urgent mail first. */
  drain(): Mail[] {
    if (this.size === 0) return [];
    this.size = 0;
    return [...(this.#urgent?.drain() ?? []), ...this.#wholeNormal().drain()];
  }

  /** The normal lane with its first message, where speed is not called for. */
  #wholeNormal(): MailQueue {
    const normal = this.#normal ??= new MailQueue();
    const first = this.#takeFirst();
    if (first !== null) normal.prepend([first]);
    return normal;
  }

  #takeFirst(): Mail | null {
    if (this.#first === null) return null;
    const mail = { message: this.#first, slip: this.slip };
    this.#first = null;
    return mail;
  }
}
