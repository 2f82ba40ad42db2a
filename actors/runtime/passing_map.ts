/**
 * A map for keys of which many come and few stay, such as what is under way.
 *
 * V8's Map chains every table that it has outgrown or cleaned to the next one.
 * Once one of them is in the old generation, each later table, with all that
 * was in it when it was replaced, survives until a full collection: a map that
 * a million orders passed through, some hundreds at a time, kept half of what
 * they had allocated. So this one moves what is left into a new Map before the
 * old one has to clean itself. Where keys are numbers that count up, an
 * `IdMap` does the same without hashing.
 *
 * @module
 */

/**
 * Additions after which a Map is left. Some hundreds of keys are there at a
 * time, which is what a busy partition has under way; to move them once in a
 * thousand additions costs less than adding does, and few Maps grow old so.
 */
const MOVES_AFTER = 1_024;

/** A map whose keys come and go. See the module's text. */
export class PassingMap<Key, Value> {
  #map = new Map<Key, Value>();
  /** Additions to the present Map, those that moved included. */
  #additions = 0;

  /** How many keys are there. */
  get size(): number {
    return this.#map.size;
  }

  /** The value of a key; undefined when it is not there. */
  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  /** True when the key is there. */
  has(key: Key): boolean {
    return this.#map.has(key);
  }

  /** Adds a key, or gives it another value. */
  set(key: Key, value: Value): void {
    if (++this.#additions > MOVES_AFTER) this.#move();
    this.#map.set(key, value);
  }

  /** Takes a key out; false when it was not there. */
  delete(key: Key): boolean {
    return this.#map.delete(key);
  }

  /** All values, in the order in which their keys were added. */
  values(): IterableIterator<Value> {
    return this.#map.values();
  }

  #move(): void {
    // While more than a half would move, the Map grows as any other one.
    if (this.#additions < 2 * this.#map.size) return;
    this.#map = new Map(this.#map);
    this.#additions = this.#map.size;
  }
}
