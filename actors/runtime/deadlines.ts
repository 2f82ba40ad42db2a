/**
 * Many deadlines, nearly all of which are met in time: adding one and taking
 * one back must cost next to nothing, and being a few milliseconds late costs
 * nobody anything. So they hang in buckets by time, as doubly linked lists:
 * one that is met is unlinked and leaves nothing behind (a timing wheel after
 * Varghese and Lauck, 1987, with a map of buckets in the place of the wheel).
 *
 * @module
 */

/** A hundredth of a second is late for nobody who waits for a network. */
const BUCKET_MS = 8;

/**
 * Something with a deadline: its neighbors in the bucket, null while it hangs
 * nowhere. No base class, since a `super` call costs as much as an ask should.
 */
export interface Due {
  previous: Due | null;
  next: Due | null;
}

/** Closes the ring of a bucket. */
class Head implements Due {
  previous: Due | null = null;
  next: Due | null = null;
}

/** What is due when. Takes the time; reads no clock. */
export class Deadlines {
  /** A ring through a head that stands for the bucket itself. */
  readonly #buckets = new Map<number, Due>();
  #earliest = Infinity;
  /** Asks of one batch with one wait share a bucket. */
  #lastBucket = NaN;
  #lastHead: Due | null = null;
  readonly #bucketMs: number;

  /** @param bucketMs How late a deadline can be noticed. */
  constructor(bucketMs = BUCKET_MS) {
    this.#bucketMs = bucketMs;
  }

  /** Adds what is due at `atMs`; it must not hang anywhere yet. */
  add(due: Due, atMs: number): void {
    const bucket = Math.ceil(atMs / this.#bucketMs);
    const head = bucket === this.#lastBucket
      ? this.#lastHead!
      : this.#headOf(bucket);
    const last = head.previous!;
    due.previous = last;
    due.next = head;
    last.next = due;
    head.previous = due;
  }

  /** Takes something out; nothing happens when it hangs nowhere. */
  remove(due: Due): void {
    const { previous, next } = due;
    if (previous === null) return;
    previous.next = next;
    next!.previous = previous;
    due.previous = due.next = null;
  }

  /** When the next bucket is due; Infinity when there is none. */
  get nextMs(): number {
    return this.#earliest * this.#bucketMs;
  }

  /** Hands over everything that is due at `nowMs`, in order of time. */
  due(nowMs: number, visit: (due: Due) => void): void {
    if (this.nextMs > nowMs) return;
    const current = Math.floor(nowMs / this.#bucketMs);
    const buckets: number[] = [];
    let earliest = Infinity;
    for (const [bucket, head] of this.#buckets) {
      if (bucket <= current) buckets.push(bucket);
      else if (head.next === head && bucket !== this.#lastBucket) {
        this.#buckets.delete(bucket);
      } else if (bucket < earliest) earliest = bucket;
    }
    this.#earliest = earliest;
    buckets.sort((left, right) => left - right);
    for (const bucket of buckets) {
      const head = this.#buckets.get(bucket)!;
      this.#buckets.delete(bucket);
      if (bucket === this.#lastBucket) this.#lastBucket = NaN;
      for (let due = head.next!; due !== head; due = head.next!) {
        this.remove(due);
        visit(due);
      }
    }
  }

  #headOf(bucket: number): Due {
    let head = this.#buckets.get(bucket);
    if (head === undefined) {
      head = new Head();
      head.previous = head.next = head;
      this.#buckets.set(bucket, head);
      if (bucket < this.#earliest) this.#earliest = bucket;
    }
    this.#lastBucket = bucket;
    this.#lastHead = head;
    return head;
  }
}
