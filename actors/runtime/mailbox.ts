/**
 * A mailbox: bounded queues in lanes. Urgent mail goes first, but after eight
 * urgent messages a normal one has its turn, so neither lane starves the
 * other. Answers and timers pass the bound here: their number is bounded where
 * they are asked for.
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

  /** How many items wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds an item behind the others. Unbounded: its owner keeps the bound. */
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

  /** Takes out what `isDead` names; the others keep their order. */
  discard(isDead: (item: T) => boolean): number {
    const size = this.#size;
    for (let left = size; left > 0; left--) {
      const item = this.shift()!;
      if (!isDead(item)) this.push(item);
    }
    return size - this.#size;
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

  /** How many items wait in both lanes. */
  get size(): number {
    return (this.#normal?.size ?? 0) + (this.#urgent?.size ?? 0);
  }

  /** Whether the lane takes one more. */
  hasRoom(lane: Lane): boolean {
    const size = lane === "urgent" ? this.#urgent?.size : this.#normal?.size;
    return size === undefined || size < this.#capacity;
  }

  /** False when the lane is full and the item was not taken. */
  offer(item: T, lane: Lane): boolean {
    if (!this.hasRoom(lane)) return false;
    this.push(item, lane);
    return true;
  }

  /** Takes the item whatever the bound: what was bounded elsewhere. */
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

  /** Takes out what `isDead` names, wherever it stands; returns how many. */
  discard(isDead: (item: T) => boolean): number {
    return (this.#urgent?.discard(isDead) ?? 0) +
      (this.#normal?.discard(isDead) ?? 0);
  }
}
