/**
 * Many deadlines, nearly all of which are met in time: adding one and
 * forgetting one must cost next to nothing, and being a few milliseconds late
 * costs nobody anything. So deadlines are thrown into buckets by time, and a
 * met one is only noticed (and skipped by the caller) when its bucket is due.
 *
 * @module
 */

/** The width of a bucket: how late a deadline can be noticed. */
const BUCKET_MS = 8;

/** Ids by the time they are due. Takes the time; reads no clock. */
export class Deadlines {
  readonly #buckets = new Map<number, number[]>();
  #earliest = Infinity;

  /** Adds an id that is due at `atMs`. */
  add(id: number, atMs: number): void {
    const bucket = Math.ceil(atMs / BUCKET_MS);
    const ids = this.#buckets.get(bucket);
    if (ids === undefined) {
      this.#buckets.set(bucket, [id]);
      if (bucket < this.#earliest) this.#earliest = bucket;
    } else {
      ids.push(id);
    }
  }

  /** When the next bucket is due; Infinity when there is none. */
  get nextMs(): number {
    return this.#earliest * BUCKET_MS;
  }

  /** Hands over every id that is due at `nowMs`, in order of time. */
  due(nowMs: number, visit: (id: number) => void): void {
    if (this.nextMs > nowMs) return;
    const current = Math.floor(nowMs / BUCKET_MS);
    const due: number[] = [];
    let earliest = Infinity;
    for (const bucket of this.#buckets.keys()) {
      if (bucket <= current) due.push(bucket);
      else if (bucket < earliest) earliest = bucket;
    }
    this.#earliest = earliest;
    due.sort((left, right) => left - right);
    for (const bucket of due) {
      const ids = this.#buckets.get(bucket)!;
      this.#buckets.delete(bucket);
      for (const id of ids) visit(id);
    }
  }
}
