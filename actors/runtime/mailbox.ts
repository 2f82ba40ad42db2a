/**
 * A mailbox: bounded queues in lanes. Urgent mail goes first, but after eight
 * urgent messages a normal one has its turn, so neither lane starves the
 * other. Answers, timers and signals pass the bound here: their number is
 * bounded where they are asked for.
 *
 * A message stands beside its slip (who asked, which timer), null for a plain
 * tell: the two take two slots of one array, so that a tell allocates nothing.
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

/** 2,048 slots, 1,024 messages, are 16 kB: small enough for young space. */
const SEGMENT_SLOTS_MAX = 2_048;

/** A message or its slip. */
type Slot = Message | Slip | null | undefined;

class Segment {
  next: Segment | null = null;

  constructor(readonly slots: Slot[]) {}
}

/** A literal is copied from a template, which costs a fifth of filling. */
function firstSlots(): Slot[] {
  const none = undefined;
  return [none, none, none, none, none, none, none, none];
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
    this.#head = this.#tail = new Segment(firstSlots());
  }

  /** Adds a message behind the others. Unbounded: its owner keeps the bound. */
  push(message: Message, slip: Slip | null): void {
    if (this.#tailIndex === this.#tail.slots.length) this.#grow();
    const { slots } = this.#tail;
    slots[this.#tailIndex++] = message;
    slots[this.#tailIndex++] = slip;
    this.size++;
  }

  /** The oldest message, or undefined when there is none; sets `slip`. */
  shift(): Message | undefined {
    if (this.size === 0) return undefined;
    const head = this.#head;
    const index = this.#headIndex;
    const message = head.slots[index] as Message;
    this.slip = head.slots[index + 1] as Slip | null;
    // What was read must not be kept alive from here.
    head.slots[index] = undefined;
    head.slots[index + 1] = undefined;
    this.#headIndex = index + 2;
    this.size--;
    if (this.size === 0) {
      this.#head = this.#tail;
      this.#headIndex = this.#tailIndex = 0;
    } else if (this.#headIndex === head.slots.length) {
      // It is drained and another follows, since something is left.
      this.#head = head.next!;
      this.#headIndex = 0;
    }
    return message;
  }

  /** Takes the newest message out again. There must be one. */
  pop(): Mail {
    if (this.#tailIndex === 0) this.#retreat();
    const { slots } = this.#tail;
    const slip = slots[--this.#tailIndex] as Slip | null;
    const message = slots[--this.#tailIndex] as Message;
    slots[this.#tailIndex] = slots[this.#tailIndex + 1] = undefined;
    this.size--;
    return { message, slip };
  }

  /** Puts messages in front of the others, in their order. */
  prepend(mail: readonly Mail[]): void {
    for (let index = mail.length - 1; index >= 0; index--) {
      if (this.#headIndex === 0) this.#growInFront();
      const { message, slip } = mail[index]!;
      const { slots } = this.#head;
      slots[--this.#headIndex] = slip;
      slots[--this.#headIndex] = message;
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
    const slots = Math.min(this.#tail.slots.length * 4, SEGMENT_SLOTS_MAX);
    const segment = new Segment(new Array<Slot>(slots).fill(undefined));
    this.#tail.next = segment;
    this.#tail = segment;
    this.#tailIndex = 0;
  }

  #growInFront(): void {
    const segment = new Segment(firstSlots());
    segment.next = this.#head;
    this.#head = segment;
    this.#headIndex = segment.slots.length;
  }

  /** Makes the segment before the last one the last; only an undo needs it. */
  #retreat(): void {
    let segment = this.#head;
    while (segment.next !== this.#tail) segment = segment.next!;
    segment.next = null;
    this.#tail = segment;
    this.#tailIndex = segment.slots.length;
  }
}

/** Urgent messages served before one normal message has its turn. */
const URGENT_RUN = 8;

/** The queues of one actor. */
export class Mailbox {
  /** The most messages in each lane. */
  readonly capacity: number;
  /** The slip of the message that `shift` gave last. */
  slip: Slip | null = null;
  // Allocated on first use: most actors of a large system are idle.
  #normal: MailQueue | null = null;
  #urgent: MailQueue | null = null;
  #urgentRun = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** How many messages wait in both lanes. */
  get size(): number {
    return (this.#normal === null ? 0 : this.#normal.size) +
      (this.#urgent === null ? 0 : this.#urgent.size);
  }

  /** Whether the lane takes one more. */
  hasRoom(lane: Lane): boolean {
    const queue = lane === "urgent" ? this.#urgent : this.#normal;
    return queue === null ? this.capacity > 0 : queue.size < this.capacity;
  }

  /** True when at least half of each lane is free. */
  get isHalfFree(): boolean {
    const most = this.capacity / 2;
    return (this.#normal?.size ?? 0) <= most &&
      (this.#urgent?.size ?? 0) <= most;
  }

  /** Takes the message whatever the bound: what was bounded elsewhere. */
  push(message: Message, slip: Slip | null, lane: Lane): void {
    if (lane === "urgent") {
      (this.#urgent ??= new MailQueue()).push(message, slip);
    } else (this.#normal ??= new MailQueue()).push(message, slip);
  }

  /** The next message by the rule of the lanes, or undefined; sets `slip`. */
  shift(): Message | undefined {
    const urgent = this.#urgent;
    if (urgent !== null && urgent.size > 0) {
      const normalFirst = this.#urgentRun >= URGENT_RUN;
      if (!normalFirst || this.#normal === null || this.#normal.size === 0) {
        this.#urgentRun++;
        const message = urgent.shift();
        this.slip = urgent.slip;
        return message;
      }
    }
    this.#urgentRun = 0;
    const normal = this.#normal;
    if (normal === null) return undefined;
    const message = normal.shift();
    this.slip = normal.slip;
    return message;
  }

  /** Takes the newest message of a lane out again. There must be one. */
  pop(lane: Lane): Mail {
    return (lane === "urgent" ? this.#urgent! : this.#normal!).pop();
  }

  /** Takes the oldest message of a lane that may go out, if there is one. */
  dropOldest(lane: Lane, mayGo: (mail: Mail) => boolean): Mail | undefined {
    const queue = lane === "urgent" ? this.#urgent : this.#normal;
    return queue?.takeOldest(mayGo);
  }

  /** Puts messages in front of the normal lane, in their order. */
  prepend(mail: readonly Mail[]): void {
    (this.#normal ??= new MailQueue()).prepend(mail);
  }

  /** Takes everything out, urgent mail first. */
  drain(): Mail[] {
    return [...(this.#urgent?.drain() ?? []), ...(this.#normal?.drain() ?? [])];
  }
}
