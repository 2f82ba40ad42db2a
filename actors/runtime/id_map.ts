/**
 * A map for ids that come and go by the million, such as asks under way.
 *
 * V8's Map chains every table it has outgrown or cleaned to the next one. Once
 * one of them is in the old generation, each later table, with all that was
 * in it when it was replaced, survives until a full collection: half of what
 * an HTTP request allocates did, and collecting it took a third of the edge's
 * time. Here an id has a slot by its low bits, and a slot that is emptied
 * holds nothing back. Ids count up, so slots are seldom shared; one that is
 * taken by a long-lived id sends the newcomer to a small Map.
 *
 * @module
 */

/** Slots at first; enough for a quiet actor. A power of two. */
const FIRST_SLOTS = 64;

/** A map from positive integers that are given out in order. */
export class IdMap<Value> {
  #ids = new Float64Array(FIRST_SLOTS);
  #values: (Value | undefined)[] = new Array(FIRST_SLOTS).fill(undefined);
  /** Ids whose slot was taken. */
  readonly #crowded = new Map<number, Value>();
  #inSlots = 0;

  /** How many ids are there. */
  get size(): number {
    return this.#inSlots + this.#crowded.size;
  }

  /** The value of an id; undefined when it is not there. */
  get(id: number): Value | undefined {
    const slot = id & (this.#ids.length - 1);
    if (this.#ids[slot] === id) return this.#values[slot];
    return this.#crowded.size === 0 ? undefined : this.#crowded.get(id);
  }

  /** True when the id is there. */
  has(id: number): boolean {
    const slot = id & (this.#ids.length - 1);
    return this.#ids[slot] === id || this.#crowded.has(id);
  }

  /** Adds an id, which is at least 1, or gives it another value. */
  set(id: number, value: Value): void {
    if (this.#inSlots * 2 >= this.#ids.length) this.#grow();
    const slot = id & (this.#ids.length - 1);
    const found = this.#ids[slot]!;
    const isCrowded = this.#crowded.size > 0 && this.#crowded.has(id);
    if (isCrowded || (found !== 0 && found !== id)) {
      this.#crowded.set(id, value);
      return;
    }
    if (found === 0) this.#inSlots++;
    this.#ids[slot] = id;
    this.#values[slot] = value;
  }

  /** Takes an id out; false when it was not there. */
  delete(id: number): boolean {
    const slot = id & (this.#ids.length - 1);
    if (this.#ids[slot] !== id) return this.#crowded.delete(id);
    this.#ids[slot] = 0;
    this.#values[slot] = undefined;
    this.#inSlots--;
    return true;
  }

  /** Takes all ids out. */
  clear(): void {
    this.#ids.fill(0);
    this.#values.fill(undefined);
    this.#crowded.clear();
    this.#inSlots = 0;
  }

  /** All ids with their values, in no order. Taking out while at it is fine. */
  *[Symbol.iterator](): Generator<[number, Value]> {
    for (let slot = 0; slot < this.#ids.length; slot++) {
      const id = this.#ids[slot]!;
      if (id !== 0) yield [id, this.#values[slot]!];
    }
    yield* this.#crowded;
  }

  /** All ids, in no order. */
  *keys(): Generator<number> {
    for (const [id] of this) yield id;
  }

  /** All values, in no order. */
  *values(): Generator<Value> {
    for (const [, value] of this) yield value;
  }

  #grow(): void {
    const all = [...this];
    const slots = this.#ids.length * 2;
    this.#ids = new Float64Array(slots);
    this.#values = new Array(slots).fill(undefined);
    this.#crowded.clear();
    this.#inSlots = 0;
    for (const [id, value] of all) this.set(id, value);
  }
}
