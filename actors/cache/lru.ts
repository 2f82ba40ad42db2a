/**
 * A bounded map that forgets what was used least recently.
 *
 * It is plain data worked on by functions, so it can be part of an actor's
 * state: cells in one array, linked by index in order of use. A look-up moves
 * four numbers and allocates nothing; a full one writes the newcomer into the
 * cell of the oldest. (A `Map` kept in order by delete and set would be
 * shorter, but it rehashes all of itself every so many hits.)
 *
 * @module
 */

/** One key with its neighbors in order of use. */
interface Cell<Value> {
  key: string;
  value: Value | null;
  newer: number;
  older: number;
}

/** A bounded map. Read it through the functions of this module only. */
export interface Lru<Value> {
  readonly capacity: number;
  /** Where each key's cell is. */
  readonly places: Map<string, number>;
  /**
   * Cell 0 holds no key. It closes the ring: its `older` is the newest cell,
   * its `newer` the oldest, so no link is ever missing.
   */
  readonly cells: Cell<Value>[];
  /** Places of cells that hold no key now. */
  readonly free: number[];
}

const RING = 0;

/**
 * An empty map for at most `capacity` keys.
 *
 * @throws {RangeError} when `capacity` is not a positive integer.
 */
export function createLru<Value>(capacity: number): Lru<Value> {
  if (!Number.isSafeInteger(capacity) || capacity < 1) {
    throw new RangeError(
      `Cannot create an LRU map as capacity must be an integer >= 1: ` +
        `current value is ${capacity}`,
    );
  }
  const ring = { key: "", value: null, newer: RING, older: RING };
  return { capacity, places: new Map(), cells: [ring], free: [] };
}

/** The value of `key`, which becomes the newest; null when it is not held. */
export function touch<Value>(lru: Lru<Value>, key: string): Value | null {
  const place = lru.places.get(key);
  if (place === undefined) return null;
  if (cellAt(lru, RING).older !== place) {
    unlink(lru, place);
    linkAsNewest(lru, place);
  }
  return cellAt(lru, place).value;
}

/** The value of `key` without counting as a use; null when it is not held. */
export function peek<Value>(lru: Lru<Value>, key: string): Value | null {
  const place = lru.places.get(key);
  return place === undefined ? null : cellAt(lru, place).value;
}

/**
 * Holds `value` under `key` as the newest.
 *
 * @returns Whether another key was forgotten to make room.
 */
export function put<Value>(
  lru: Lru<Value>,
  key: string,
  value: Value,
): boolean {
  const known = lru.places.get(key);
  const isFull = known === undefined && lru.places.size >= lru.capacity;
  if (isFull) remove(lru, cellAt(lru, cellAt(lru, RING).newer).key);
  if (known !== undefined) unlink(lru, known);
  const place = known ?? lru.free.pop() ?? lru.cells.length;
  if (place === lru.cells.length) {
    lru.cells.push({ key, value, newer: RING, older: RING });
  }
  const cell = cellAt(lru, place);
  cell.key = key;
  cell.value = value;
  lru.places.set(key, place);
  linkAsNewest(lru, place);
  return isFull;
}

/** Forgets `key`. Returns its value, null when it was not held. */
export function remove<Value>(lru: Lru<Value>, key: string): Value | null {
  const place = lru.places.get(key);
  if (place === undefined) return null;
  unlink(lru, place);
  lru.places.delete(key);
  lru.free.push(place);
  const cell = cellAt(lru, place);
  const value = cell.value;
  // The free cell must not keep the value alive.
  cell.key = "";
  cell.value = null;
  return value;
}

/** Forgets all keys. */
export function clear<Value>(lru: Lru<Value>): void {
  lru.places.clear();
  lru.cells.length = 1;
  lru.free.length = 0;
  const ring = cellAt(lru, RING);
  ring.newer = ring.older = RING;
}

function unlink<Value>(lru: Lru<Value>, place: number): void {
  const { newer, older } = cellAt(lru, place);
  cellAt(lru, newer).older = older;
  cellAt(lru, older).newer = newer;
}

function linkAsNewest<Value>(lru: Lru<Value>, place: number): void {
  const ring = cellAt(lru, RING);
  const cell = cellAt(lru, place);
  cell.newer = RING;
  cell.older = ring.older;
  cellAt(lru, ring.older).newer = place;
  ring.older = place;
}

function cellAt<Value>(lru: Lru<Value>, place: number): Cell<Value> {
  // Places come from the map and the links only, so the cell is there.
  return lru.cells[place] as Cell<Value>;
}
