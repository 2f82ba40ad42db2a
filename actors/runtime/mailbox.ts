/**
 * A mailbox: bounded queues in lanes. Urgent mail goes first, but after eight
 * urgent messages a normal one has its turn, so neither lane starves the
 * other. Answers and timers count against no bound here: their number is
 * bounded where they are asked for.
 *
 * @module
 */
import type { Lane } from "./actor.ts";

/**
 * A first-in-first-out queue of chained segments: cheap when it is short, and
 * a backlog of a million costs no copying.
 */
export class Fifo<T> {
  #head: (T | undefined)[] = [];
  #headIndex = 0;
  readonly #segments: (T | undefined)[][] = [];
  #tail = this.#head;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    // 1,024 slots are one allocation of 8 kB, small enough for young space.
    if (this.#tail.length === 1024) {
      this.#tail = [];
      this.#segments.push(this.#tail);
    }
    this.#tail.push(item);
    this.#size++;
  }

  /** The oldest item, or undefined when there is none. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#head[this.#headIndex];
    this.#head[this.#headIndex++] = undefined;
    this.#size--;
    if (this.#size === 0) {
      this.#head.length = 0;
      this.#headIndex = 0;
      if (this.#head !== this.#tail) {
        this.#segments.length = 0;
        this.#head = this.#tail = [];
      }
    } else if (this.#headIndex === this.#head.length) {
      // The segment is drained and another follows, since size > 0.
      this.#head = this.#segments.shift()!;
      this.#headIndex = 0;
    }
    return item;
  }

  /** Takes everything out, oldest first. */
  drain(): T[] {
    const items: T[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) {
      items.push(item);
    }
    return items;
  }
}

/** Urgent messages served before one normal message has its turn. */
const URGENT_RUN = 8;

/** The queues of one actor. */
export class Mailbox<T> {
  readonly #capacity: number;
  // Allocated on first use: most actors of a large system are idle.
  #normal: Fifo<T> | null = null;
  #urgent: Fifo<T> | null = null;
  #urgentRun = 0;

  /** @param capacity The most messages in each lane. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return (this.#normal?.size ?? 0) + (this.#urgent?.size ?? 0);
  }

  /** False when the lane is full and the item was not taken. */
  offer(item: T, lane: Lane): boolean {
    const size = lane === "urgent" ? this.#urgent?.size : this.#normal?.size;
    if (size !== undefined && size >= this.#capacity) return false;
    this.push(item, lane);
    return true;
  }

  /** Takes the item whatever the bound: answers and timers only. */
  push(item: T, lane: Lane): void {
    if (lane === "urgent") (this.#urgent ??= new Fifo()).push(item);
    else (this.#normal ??= new Fifo()).push(item);
  }

  /** The next item by the rule of the lanes, or undefined when empty. */
  shift(): T | undefined {
    const normalFirst = this.#urgentRun >= URGENT_RUN;
    if (this.#urgent !== null && this.#urgent.size > 0) {
      if (!normalFirst || (this.#normal?.size ?? 0) === 0) {
        this.#urgentRun++;
        return this.#urgent.shift();
      }
    }
    this.#urgentRun = 0;
    return this.#normal?.shift();
  }

  /** Takes everything out, urgent mail first. */
  drain(): T[] {
    return [...(this.#urgent?.drain() ?? []), ...(this.#normal?.drain() ?? [])];
  }
}
