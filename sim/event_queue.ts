/**
 * What is still to happen, in one total order: by time, and at equal times in
 * the order of scheduling. Time is what `next` moves, forward only, and it
 * stands in whole microseconds, so that sums of it are exact.
 *
 * The order is kept by a heap with four children to a node (half as deep as a
 * binary one, and the children lie side by side) in columns of numbers. What is
 * scheduled for the present moment needs no heap: it goes behind what is
 * scheduled for it already, in a list through the slots. Both remove what is
 * cancelled at once, so nothing dead ever fills memory, and an event costs no
 * allocation but that of its payload.
 *
 * @module
 */

/** A handle's lower digits are the slot, the upper ones its generation. */
const SLOTS_MOST = 2 ** 24;
/** What is left of 2^53, the integers that a number holds. */
const GENERATIONS = 2 ** 29;
/** Enough for a small run; doubled when more is pending. */
const SLOTS_MIN = 64;

/** Where a slot's event is, when it is not in the heap. */
const AT_PRESENT = -1;
const NOWHERE = -2;
/** The end of a list of slots. */
const NONE = -1;

/** Pending events. See the module's text. */
export class EventQueue<Payload> {
  #nowUs = 0;
  #scheduled = 0;
  #size = 0;

  // By place in the heap: the time, and the slot of the event.
  #times = new Float64Array(SLOTS_MIN);
  #slots = new Int32Array(SLOTS_MIN);
  #heaped = 0;

  // By slot. Two events of one moment happen by `#sequences`.
  #places = new Int32Array(SLOTS_MIN).fill(NOWHERE);
  #sequences = new Float64Array(SLOTS_MIN);
  #generations = new Int32Array(SLOTS_MIN);
  #payloads: (Payload | undefined)[] = new Array(SLOTS_MIN).fill(undefined);
  /** The next slot in the list of the present, or in that of free ones. */
  #following = new Int32Array(SLOTS_MIN);
  #preceding = new Int32Array(SLOTS_MIN);
  #firstAtPresent = NONE;
  #lastAtPresent = NONE;
  #firstFree = NONE;
  /** Slots from here on were never used. */
  #used = 0;

  /** The time of the event that `next` gave last; 0 before. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** The time of the next event; Infinity when there is none. */
  get nextUs(): number {
    if (this.#firstAtPresent !== NONE) return this.#nowUs;
    return this.#heaped === 0 ? Infinity : this.#times[0]!;
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
   * 2^24 events are pending: a run with more of them has a leak.
   */
  schedule(atUs: number, payload: Payload): number {
    if (!Number.isSafeInteger(atUs) || atUs < this.#nowUs) {
      throw new RangeError(
        `Cannot schedule an event as its time must be an integer >= ` +
          `${this.#nowUs}: current value is ${atUs}`,
      );
    }
    const slot = this.#takeSlot();
    this.#payloads[slot] = payload;
    this.#size++;
    if (atUs === this.#nowUs) this.#append(slot);
    else {
      this.#sequences[slot] = this.#scheduled++;
      this.#rise(this.#heaped++, atUs, slot);
    }
    return this.#generations[slot]! * SLOTS_MOST + slot;
  }

  /** Takes an event back; false when it happened or was cancelled already. */
  cancel(handle: number): boolean {
    const slot = handle % SLOTS_MOST;
    // A handle that was never given, such as -1, has no slot.
    const place = this.#places[slot];
    if (place === undefined || place === NOWHERE) return false;
    const generation = Math.floor(handle / SLOTS_MOST);
    if (this.#generations[slot] !== generation) return false;
    if (place === AT_PRESENT) this.#unlink(slot);
    else this.#removeAt(place);
    this.#free(slot);
    return true;
  }

  /** The next event's payload, and its time is now; undefined: none is left. */
  next(): Payload | undefined {
    let slot = this.#firstAtPresent;
    // What the heap has for this moment was scheduled before it came, so
    // before all that stands in the list.
    if (slot === NONE || this.#isHeapAtPresent()) {
      if (this.#heaped === 0) return undefined;
      this.#nowUs = this.#times[0]!;
      slot = this.#slots[0]!;
      this.#removeAt(0);
    } else this.#unlink(slot);
    const payload = this.#payloads[slot];
    this.#free(slot);
    return payload;
  }

  #isHeapAtPresent(): boolean {
    return this.#heaped > 0 && this.#times[0] === this.#nowUs;
  }

  /** Fills the hole at a place with the heap's last event. */
  #removeAt(hole: number): void {
    const last = --this.#heaped;
    if (hole === last) return;
    const time = this.#times[last]!;
    const slot = this.#slots[last]!;
    // Whatever the hole's parent is, what rose through it cannot sink.
    if (hole > 0) hole = this.#rise(hole, time, slot);
    this.#sink(hole, time, slot);
  }

  /** Puts an event at the hole or above, below a parent that is before it. */
  #rise(hole: number, time: number, slot: number): number {
    const times = this.#times;
    const slots = this.#slots;
    const places = this.#places;
    while (hole > 0) {
      const parent = (hole - 1) >> 2;
      const parentTime = times[parent]!;
      const parentSlot = slots[parent]!;
      if (parentTime < time) break;
      if (parentTime === time && this.#isSooner(parentSlot, slot)) break;
      times[hole] = parentTime;
      slots[hole] = parentSlot;
      places[parentSlot] = hole;
      hole = parent;
    }
    times[hole] = time;
    slots[hole] = slot;
    places[slot] = hole;
    return hole;
  }

  /** Puts an event at the hole or below, above children that are after it. */
  #sink(hole: number, time: number, slot: number): void {
    const times = this.#times;
    const slots = this.#slots;
    const places = this.#places;
    const heaped = this.#heaped;
    while (true) {
      let child = 4 * hole + 1;
      if (child >= heaped) break;
      const end = child + 4 < heaped ? child + 4 : heaped;
      let childTime = times[child]!;
      for (let other = child + 1; other < end; other++) {
        const otherTime = times[other]!;
        if (otherTime > childTime) continue;
        if (
          otherTime < childTime || this.#isSooner(slots[other]!, slots[child]!)
        ) {
          child = other;
          childTime = otherTime;
        }
      }
      const childSlot = slots[child]!;
      if (time < childTime) break;
      if (time === childTime && this.#isSooner(slot, childSlot)) break;
      times[hole] = childTime;
      slots[hole] = childSlot;
      places[childSlot] = hole;
      hole = child;
    }
    times[hole] = time;
    slots[hole] = slot;
    places[slot] = hole;
  }

  /** Whether, of two events of one moment, this one was scheduled first. */
  #isSooner(slot: number, other: number): boolean {
    return this.#sequences[slot]! < this.#sequences[other]!;
  }

  #append(slot: number): void {
    const last = this.#lastAtPresent;
    this.#places[slot] = AT_PRESENT;
    this.#preceding[slot] = last;
    this.#following[slot] = NONE;
    if (last === NONE) this.#firstAtPresent = slot;
    else this.#following[last] = slot;
    this.#lastAtPresent = slot;
  }

  #unlink(slot: number): void {
    const before = this.#preceding[slot]!;
    const after = this.#following[slot]!;
    if (before === NONE) this.#firstAtPresent = after;
    else this.#following[before] = after;
    if (after === NONE) this.#lastAtPresent = before;
    else this.#preceding[after] = before;
  }

  #takeSlot(): number {
    const slot = this.#firstFree;
    if (slot !== NONE) {
      this.#firstFree = this.#following[slot]!;
      return slot;
    }
    if (this.#used === this.#places.length) this.#grow();
    return this.#used++;
  }

  #free(slot: number): void {
    this.#size--;
    // The queue must not keep a payload alive that has happened.
    this.#payloads[slot] = undefined;
    this.#places[slot] = NOWHERE;
    // A handle of the old event means nothing to the slot's next one.
    this.#generations[slot] = (this.#generations[slot]! + 1) % GENERATIONS;
    this.#following[slot] = this.#firstFree;
    this.#firstFree = slot;
  }

  #grow(): void {
    const { length } = this.#places;
    if (length === SLOTS_MOST) {
      throw new RangeError(
        `Cannot schedule an event as at most ${SLOTS_MOST} may be pending: ` +
          `current value is ${this.#size}`,
      );
    }
    const size = length * 2;
    const wider = (column: Int32Array<ArrayBuffer>) => {
      const columns = new Int32Array(size).fill(NOWHERE, length);
      columns.set(column);
      return columns;
    };
    const longer = (column: Float64Array<ArrayBuffer>) => {
      const columns = new Float64Array(size);
      columns.set(column);
      return columns;
    };
    this.#times = longer(this.#times);
    this.#sequences = longer(this.#sequences);
    this.#slots = wider(this.#slots);
    this.#places = wider(this.#places);
    this.#following = wider(this.#following);
    this.#preceding = wider(this.#preceding);
    this.#generations = wider(this.#generations).fill(0, length);
    for (let slot = length; slot < size; slot++) this.#payloads.push(undefined);
  }
}
