/**
 * Values by a text that each of them carries, for millions of them: a table
 * that takes a third of the memory of a Map. A Map keeps the text, the value
 * and the way to the next one in a table of twice the size that it needs, and
 * lets the tables that it has outgrown lie about; this one keeps the values in
 * a list, and in columns of integers where each is and its hash, so that hardly
 * a text is compared in vain. Linear probing, after Knuth (The Art of Computer
 * Programming, vol. 3, 6.4); at most half of the slots are in use.
 *
 * @module
 */

/** Slots at first. A power of two. */
const SLOTS_MIN = 64;
/** A slot holds the position of a value, from 0, or one of these. */
const FREE = -1;
const DELETED = -2;

/** See the module's text. */
export class TextTable<Value extends object> {
  readonly #textOf: (value: Value) => string;
  /** In the order in which they were added; undefined: taken out again. */
  #values: (Value | undefined)[] = [];
  /** By position. */
  #hashes = new Uint32Array(SLOTS_MIN / 2);
  #slots = new Int32Array(SLOTS_MIN).fill(FREE);
  #size = 0;
  /** A text is often looked for and then added: its hash is still known. */
  #text = "";
  #hash = hashOf("");

  /** @param textOf The text of a value, which never changes. */
  constructor(textOf: (value: Value) => string) {
    this.#textOf = textOf;
  }

  /** How many values it has. */
  get size(): number {
    return this.#size;
  }

  /** The value of that text; undefined when there is none. */
  get(text: string): Value | undefined {
    const slot = this.#slotOf(text, this.#hashOf(text));
    return slot === FREE ? undefined : this.#values[this.#slots[slot]!];
  }

  /** Adds a value, in the place of another one of its text. */
  set(value: Value): void {
    const text = this.#textOf(value);
    const hash = this.#hashOf(text);
    const slot = this.#slotOf(text, hash);
    if (slot !== FREE) {
      this.#values[this.#slots[slot]!] = value;
      return;
    }
    // A position is used once: what was taken out leaves when the table grows.
    if (this.#values.length === this.#hashes.length) this.#grow();
    this.#enter(value, hash);
    this.#size++;
  }

  /** Takes a value out; false when there was none of that text. */
  delete(text: string): boolean {
    const slot = this.#slotOf(text, this.#hashOf(text));
    if (slot === FREE) return false;
    this.#values[this.#slots[slot]!] = undefined;
    this.#slots[slot] = DELETED;
    this.#size--;
    return true;
  }

  /** All values, in the order in which their texts were added. */
  *values(): Generator<Value> {
    for (const value of this.#values) if (value !== undefined) yield value;
  }

  #hashOf(text: string): number {
    if (text === this.#text) return this.#hash;
    this.#text = text;
    return this.#hash = hashOf(text);
  }

  /** The slot of a text; FREE when it is in none. */
  #slotOf(text: string, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const position = slots[slot]!;
      if (position === FREE) return FREE;
      if (position === DELETED || this.#hashes[position] !== hash) continue;
      if (this.#textOf(this.#values[position]!) === text) return slot;
    }
  }

  #enter(value: Value, hash: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    while (slots[slot] !== FREE) slot = (slot + 1) & mask;
    slots[slot] = this.#values.length;
    this.#hashes[this.#values.length] = hash;
    this.#values.push(value);
  }

  /** Twice as large, or of the same size when half of it was taken out. */
  #grow(): void {
    const values = this.#values;
    const hashes = this.#hashes;
    const isCrowded = this.#size * 2 >= values.length;
    const slots = this.#slots.length * (isCrowded ? 2 : 1);
    this.#slots = new Int32Array(slots).fill(FREE);
    this.#hashes = new Uint32Array(slots / 2);
    // As long as nothing was taken out, values stay where they are.
    if (this.#size === values.length) {
      this.#hashes.set(hashes);
      const mask = slots - 1;
      for (let position = 0; position < values.length; position++) {
        let slot = hashes[position]! & mask;
        while (this.#slots[slot] !== FREE) slot = (slot + 1) & mask;
        this.#slots[slot] = position;
      }
      return;
    }
    this.#values = [];
    for (const [position, value] of values.entries()) {
      if (value !== undefined) this.#enter(value, hashes[position]!);
    }
  }
}

/** FNV-1a by G. Fowler, L. C. Noll and K.-P. Vo, over units of UTF-16. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // Its low bits, which choose the slot, know little of the last units.
  return (hash ^ (hash >>> 15)) >>> 0;
}
