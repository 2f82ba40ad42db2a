/**
 * What is kept of calls while they are pending, by their numbers. Calls are
 * numbered one after the other and nearly all end soon, so they stand in a ring
 * of slots: a table by number that neither hashes nor leaves holes behind,
 * which is most of what a map of pending calls costs.
 *
 * @module
 */

/** Slots at first; doubled while two pending calls would share one. */
const SLOTS_MIN = 64;
/**
 * A call ends within its deadline, some seconds: at a million calls a second
 * the oldest pending one and the newest are not this far apart.
 */
const SLOTS_MAX = 2 ** 26;
/** No call has this number. */
const NONE = 0;

/** Values by the numbers of pending calls. See the module's text. */
export class CallTable<Value> {
  #calls = new Float64Array(SLOTS_MIN);
  #values: (Value | undefined)[] = new Array(SLOTS_MIN).fill(undefined);
  #size = 0;

  /** How many calls it has. */
  get size(): number {
    return this.#size;
  }

  /** The value of a call; undefined when it is not pending. */
  get(call: number): Value | undefined {
    const slot = call & (this.#values.length - 1);
    return this.#calls[slot] === call ? this.#values[slot] : undefined;
  }

  /**
   * Keeps a value for a call, instead of an earlier one.
   *
   * @throws {RangeError} When the number is no integer from 1, or pending calls
   * are more than 2^26 numbers apart.
   */
  set(call: number, value: Value): void {
    if (!Number.isSafeInteger(call) || call < 1) {
      throw new RangeError(
        `Cannot keep a call as its number must be an integer >= 1: ` +
          `current value is ${call}`,
      );
    }
    let slot = call & (this.#values.length - 1);
    while (this.#calls[slot] !== NONE && this.#calls[slot] !== call) {
      this.#widen(this.#values.length * 2);
      slot = call & (this.#values.length - 1);
    }
    if (this.#calls[slot] === NONE) this.#size++;
    this.#calls[slot] = call;
    this.#values[slot] = value;
  }

  /** Gives a call's value and forgets it; undefined when it is not pending. */
  take(call: number): Value | undefined {
    const slot = call & (this.#values.length - 1);
    if (this.#calls[slot] !== call) return undefined;
    const value = this.#values[slot];
    this.#calls[slot] = NONE;
    this.#values[slot] = undefined;
    this.#size--;
    return value;
  }

  /** The values of all calls, by number. */
  values(): Value[] {
    const slots = [...this.#calls.keys()].filter((slot) =>
      this.#calls[slot] !== NONE
    );
    slots.sort((one, other) => this.#calls[one]! - this.#calls[other]!);
    return slots.map((slot) => this.#values[slot]!);
  }

  /** Two calls that do not share a slot share none of twice as many either. */
  #widen(slots: number): void {
    if (slots > SLOTS_MAX) {
      throw new RangeError(
        `Cannot keep a call as pending ones are too far apart: ` +
          `current value is ${this.#size} calls in ${slots / 2} slots`,
      );
    }
    const calls = new Float64Array(slots);
    const values: (Value | undefined)[] = new Array(slots).fill(undefined);
    for (const [slot, call] of this.#calls.entries()) {
      if (call === NONE) continue;
      calls[call & (slots - 1)] = call;
      values[call & (slots - 1)] = this.#values[slot];
    }
    this.#calls = calls;
    this.#values = values;
  }
}
