/**
 * What is still to happen, in one total order: by time, and at equal times in
 * the order of scheduling. Time is what `next` moves, forward only, and it
 * stands in whole microseconds, so that sums of it are exact.
 *
 * A radix heap (Ahuja, Mehlhorn, Orlin and Tarjan 1990), which such times
 * allow, with lists for buckets. Seen as digits, an event belongs to the bucket
 * of the highest digit in which its time differs from the present, and of what
 * that digit is. The first bucket that is not empty has the next event; when
 * the present moves there, what else is in that bucket moves to lower ones, at
 * most once for each digit. Nothing is ever compared but times in one bucket.
 *
 * Events of one moment are always in one bucket, and every list keeps its
 * order, so no number is needed for theirs. What is cancelled leaves its list
 * at once, so nothing dead ever fills memory, and an event costs no allocation
 * but that of its payload.
 *
 * @module
 */

/** So many bits that a word has one for each value of a digit. */
const DIGIT_BITS = 5;
const DIGIT_VALUES = 2 ** DIGIT_BITS;
const VALUE_MASK = DIGIT_VALUES - 1;
/** Digits of a time's lower part: those that a word holds. */
const LOWER_DIGITS = 6;
const LOWER_BITS = LOWER_DIGITS * DIGIT_BITS;
const LOWER = 2 ** LOWER_BITS;
const LOWER_MASK = LOWER - 1;
/** And of the upper part, of the 53 bits of a time. */
const UPPER_DIGITS = 5;
const DIGITS = LOWER_DIGITS + UPPER_DIGITS;
/** A bucket's number is that of its digit, and then the digit's value. */
const BUCKETS = DIGITS * DIGIT_VALUES;

/** A handle's lower digits are the slot, the upper ones its generation. */
const SLOTS_MOST = 2 ** 24;
/** What is left of 2^53, the integers that a number holds. */
const GENERATIONS = 2 ** 29;
/** The buckets, and enough for a small run; doubled when more is pending. */
const SLOTS_MIN = 512;
/** The end of the list of free slots. */
const NONE = -1;

/** Pending events. See the module's text. */
export class EventQueue<Payload> {
  #nowUs = 0;
  #size = 0;

  /** Bits say which digits have a bucket that is not empty, */
  #digits = 0;
  /** and, by digit, which values. */
  readonly #values = new Int32Array(DIGITS);

  // By slot. The first are the ends of the buckets' lists, which are rings; the
  // others are events. A free one has no payload.
  #times = new Float64Array(SLOTS_MIN);
  #generations = new Int32Array(SLOTS_MIN);
  #payloads: (Payload | undefined)[] = new Array(SLOTS_MIN).fill(undefined);
  #following = Int32Array.from({ length: SLOTS_MIN }, (_, slot) => slot);
  #preceding = Int32Array.from({ length: SLOTS_MIN }, (_, slot) => slot);
  /** Linked by `#following`. */
  #firstFree = NONE;
  /** Slots from here on were never used. */
  #used = BUCKETS;

  /** The time of the event that `next` gave last; 0 before. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** The time of the next event; Infinity when there is none. */
  get nextUs(): number {
    return this.#size === 0 ? Infinity : this.#soonest(this.#firstBucket());
  }

  /** How many events are pending. */
  get size(): number {
    return this.#size;
  }

  /**
   * Schedules an event.
   *
   * @param payload What `next` gives when it is time; anything but undefined.
   * @returns A handle for `cancel`, at least 0.
   * @throws {RangeError} When the time is past or no whole microsecond, or when
   * almost 2^24 events are pending: a run with more of them has a leak.
   */
  schedule(atUs: number, payload: Payload): number {
    const nowUs = this.#nowUs;
    if (!Number.isSafeInteger(atUs) || atUs < nowUs) {
      throw new RangeError(
        `Cannot schedule an event as its time must be an integer >= ` +
          `${nowUs}: current value is ${atUs}`,
      );
    }
    const slot = this.#takeSlot();
    this.#payloads[slot] = payload;
    this.#times[slot] = atUs;
    this.#size++;
    this.#append(slot, atUs, nowUs);
    return this.#generations[slot]! * SLOTS_MOST + slot;
  }

  /** Takes an event back; false when it happened or was cancelled already. */
  cancel(handle: number): boolean {
    const slot = handle & (SLOTS_MOST - 1);
    // A handle that was never given may have no slot.
    if (this.#payloads[slot] === undefined) return false;
    const generation = Math.floor(handle / SLOTS_MOST);
    if (this.#generations[slot] !== generation) return false;
    this.#remove(slot);
    return true;
  }

  /**
   * The next event's payload, and its time is now; undefined, and the time
   * stays, when none is left until `untilUs`.
   */
  next(untilUs = Infinity): Payload | undefined {
    if (this.#size === 0) return undefined;
    const bucket = this.#firstBucket();
    const atUs = this.#soonest(bucket);
    if (atUs > untilUs) return undefined;
    this.#nowUs = atUs;
    let slot = this.#following[bucket]!;
    if (bucket >= DIGIT_VALUES && this.#following[slot] !== bucket) {
      this.#spread(bucket, atUs);
      slot = this.#following[atUs & VALUE_MASK]!;
    }
    const payload = this.#payloads[slot];
    this.#remove(slot);
    return payload;
  }

  /** That of the next event; there must be one. */
  #firstBucket(): number {
    const digit = lowestBit(this.#digits);
    return digit * DIGIT_VALUES + lowestBit(this.#values[digit]!);
  }

  /** The time of the bucket's first event; it must have one. */
  #soonest(bucket: number): number {
    const times = this.#times;
    const following = this.#following;
    let slot = following[bucket]!;
    let soonestUs = times[slot]!;
    // All that differs from the present in its last digit only is of one time.
    if (bucket < DIGIT_VALUES) return soonestUs;
    while ((slot = following[slot]!) !== bucket) {
      const atUs = times[slot]!;
      if (atUs < soonestUs) soonestUs = atUs;
    }
    return soonestUs;
  }

  /** Moves all of a bucket to lower ones, as a moment in it is the present. */
  #spread(bucket: number, nowUs: number): void {
    const times = this.#times;
    const following = this.#following;
    let slot = following[bucket]!;
    this.#following[bucket] = bucket;
    this.#preceding[bucket] = bucket;
    this.#unmark(bucket);
    while (slot !== bucket) {
      const after = following[slot]!;
      this.#append(slot, times[slot]!, nowUs);
      slot = after;
    }
  }

  #append(slot: number, atUs: number, nowUs: number): void {
    // Bit operations see the lower 32 bits of a number, however large it is,
    // and no fraction.
    const lower = (atUs ^ nowUs) & LOWER_MASK;
    const upper = (atUs / LOWER) | 0;
    const difference = upper ^ (nowUs / LOWER);
    let digit = highestDigit(lower);
    let value = (atUs >> (digit * DIGIT_BITS)) & VALUE_MASK;
    if (difference !== 0) {
      digit = highestDigit(difference);
      value = (upper >> (digit * DIGIT_BITS)) & VALUE_MASK;
      digit += LOWER_DIGITS;
    }
    this.#digits |= 1 << digit;
    this.#values[digit]! |= 1 << value;
    const bucket = digit * DIGIT_VALUES + value;
    const last = this.#preceding[bucket]!;
    this.#following[last] = slot;
    this.#preceding[slot] = last;
    this.#following[slot] = bucket;
    this.#preceding[bucket] = slot;
  }

  /** Takes an event out of its list, and frees its slot. */
  #remove(slot: number): void {
    const before = this.#preceding[slot]!;
    const after = this.#following[slot]!;
    this.#following[before] = after;
    this.#preceding[after] = before;
    // Alone in its ring, it had the bucket on both sides.
    if (before === after) this.#unmark(before);
    this.#size--;
    // The queue must not keep a payload alive that has happened.
    this.#payloads[slot] = undefined;
    // A handle of the old event means nothing to the slot's next one.
    this.#generations[slot] = (this.#generations[slot]! + 1) &
      (GENERATIONS - 1);
    this.#following[slot] = this.#firstFree;
    this.#firstFree = slot;
  }

  /** The bucket is empty. */
  #unmark(bucket: number): void {
    const digit = bucket >> DIGIT_BITS;
    const values = this.#values[digit]! & ~(1 << (bucket & VALUE_MASK));
    this.#values[digit] = values;
    if (values === 0) this.#digits &= ~(1 << digit);
  }

  #takeSlot(): number {
    const slot = this.#firstFree;
    if (slot !== NONE) {
      this.#firstFree = this.#following[slot]!;
      return slot;
    }
    if (this.#used === this.#times.length) this.#grow();
    return this.#used++;
  }

  #grow(): void {
    const { length } = this.#times;
    if (length === SLOTS_MOST) {
      throw new RangeError(
        `Cannot schedule an event as at most ${SLOTS_MOST - BUCKETS} may be ` +
          `pending: current value is ${this.#size}`,
      );
    }
    const size = length * 2;
    const longer = (column: Int32Array<ArrayBuffer>) => {
      const columns = new Int32Array(size);
      columns.set(column);
      return columns;
    };
    const times = new Float64Array(size);
    times.set(this.#times);
    this.#times = times;
    this.#generations = longer(this.#generations);
    this.#following = longer(this.#following);
    this.#preceding = longer(this.#preceding);
    for (let slot = length; slot < size; slot++) this.#payloads.push(undefined);
  }
}

/** The position of the lowest 1 of a word that has one. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** The position of the highest digit that is not 0; 0 when all are. */
function highestDigit(part: number): number {
  return ((31 - Math.clz32(part | 1)) / DIGIT_BITS) | 0;
}
