/**
 * A map that is bounded twice, by entries and by bytes, and forgets what its
 * eviction policy says to make room.
 *
 * It is plain data worked on by functions, so it can be part of an actor's
 * state: cells in one array, linked by index into the policy's rings. A
 * look-up allocates nothing; a full map writes the newcomer into the cell of
 * whoever went. (A `Map` kept in order by delete and set would be shorter, but
 * it rehashes all of itself every so many hits.)
 *
 * @module
 */
import { fifo } from "./eviction/fifo.ts";
import { lfu } from "./eviction/lfu.ts";
import { lru } from "./eviction/lru.ts";
import { type Cell, cellAt, closingCells } from "./eviction/order.ts";
import type { Eviction } from "./eviction/order.ts";
import { sieve } from "./eviction/sieve.ts";

// deno-lint-ignore no-explicit-any -- each policy has a state of its own
type AnyEviction = Eviction<any>;

/** The policies by the names that a config gives them. */
const EVICTIONS = {
  lru,
  lfu,
  fifo,
  sieve,
} as const satisfies Readonly<Record<string, AnyEviction>>;

/** The name of an eviction policy. */
export type EvictionName = keyof typeof EVICTIONS;

/** All of them. */
export const EVICTION_NAMES = Object.keys(EVICTIONS) as readonly EvictionName[];

/** What bounds a map. */
export interface Bounds {
  /** Keys held at most. */
  readonly entries: number;
  /** The most that the bytes of all keys add up to; absent: no bound. */
  readonly bytes?: number;
  /** Who goes first; `lru` unless told. */
  readonly policy?: EvictionName;
}

/** A bounded map. Read it through the functions of this module only. */
export interface BoundedMap<Value> {
  readonly policy: EvictionName;
  readonly capacityEntries: number;
  readonly capacityBytes: number;
  /** What is held now. */
  bytes: number;
  /** Where each key's cell is. */
  readonly places: Map<string, number>;
  readonly cells: Cell<Value>[];
  /** Places of cells that hold no key now. */
  readonly free: number[];
  /** The policy's own state. */
  order: unknown;
}

/**
 * An empty map.
 *
 * @throws {RangeError} when a bound is not a positive integer.
 */
export function createMap<Value>(
  { entries, bytes = Number.MAX_SAFE_INTEGER, policy = "lru" }: Bounds,
): BoundedMap<Value> {
  for (const [name, bound] of Object.entries({ entries, bytes })) {
    if (Number.isSafeInteger(bound) && bound >= 1) continue;
    throw new RangeError(
      `Cannot create a bounded map as ${name} must be an integer >= 1: ` +
        `current value is ${bound}`,
    );
  }
  const eviction = evictionOf(policy);
  return {
    policy,
    capacityEntries: entries,
    capacityBytes: bytes,
    bytes: 0,
    places: new Map(),
    cells: closingCells(eviction.rings),
    free: [],
    order: eviction.start(entries),
  };
}

/** The policy, which alone knows what the map's `order` is. */
function evictionOf(name: EvictionName): AnyEviction {
  return EVICTIONS[name];
}

/** The value of `key`, which counts as a use; null when it is not held. */
export function touch<Value>(
  map: BoundedMap<Value>,
  key: string,
): Value | null {
  const place = map.places.get(key);
  if (place === undefined) return null;
  evictionOf(map.policy).used(map.cells, map.order, place);
  return cellAt(map.cells, place).value;
}

/** The value of `key` without counting as a use; null when it is not held. */
export function peek<Value>(map: BoundedMap<Value>, key: string): Value | null {
  const place = map.places.get(key);
  return place === undefined ? null : cellAt(map.cells, place).value;
}

/**
 * Holds `value` under `key`, which counts as a use. A value larger than the
 * whole map is not held, and neither is what was there under its key.
 *
 * @param bytes What it counts for; not below 0.
 * @returns How many keys were forgotten to make room.
 */
export function put<Value>(
  map: BoundedMap<Value>,
  key: string,
  value: Value,
  bytes = 0,
): number {
  if (bytes > map.capacityBytes) {
    remove(map, key);
    return 0;
  }
  const known = map.places.get(key);
  if (known === undefined) {
    const evicted = makeRoom(map, 1, bytes);
    add(map, key, value, bytes);
    return evicted;
  }
  const cell = cellAt(map.cells, known);
  map.bytes += bytes - cell.bytes;
  cell.value = value;
  cell.bytes = bytes;
  evictionOf(map.policy).used(map.cells, map.order, known);
  // It may have grown.
  return makeRoom(map, 0, 0);
}

function makeRoom<Value>(
  map: BoundedMap<Value>,
  entries: number,
  bytes: number,
): number {
  const { places, capacityEntries, capacityBytes } = map;
  let evicted = 0;
  while (
    places.size + entries > capacityEntries || map.bytes + bytes > capacityBytes
  ) {
    takeOut(map, evictionOf(map.policy).victim(map.cells, map.order));
    evicted++;
  }
  return evicted;
}

function add<Value>(
  map: BoundedMap<Value>,
  key: string,
  value: Value,
  bytes: number,
): void {
  const place = map.free.pop() ?? map.cells.length;
  if (place === map.cells.length) {
    map.cells.push({ key, value, bytes, newer: 0, older: 0, mark: 0 });
  } else {
    const cell = cellAt(map.cells, place);
    cell.key = key;
    cell.value = value;
    cell.bytes = bytes;
  }
  map.places.set(key, place);
  map.bytes += bytes;
  evictionOf(map.policy).added(map.cells, map.order, place);
}

/** Forgets `key`. Returns its value, null when it was not held. */
export function remove<Value>(
  map: BoundedMap<Value>,
  key: string,
): Value | null {
  const place = map.places.get(key);
  if (place === undefined) return null;
  const { value } = cellAt(map.cells, place);
  takeOut(map, place);
  return value;
}

function takeOut<Value>(map: BoundedMap<Value>, place: number): void {
  const cell = cellAt(map.cells, place);
  evictionOf(map.policy).removed(map.cells, map.order, place);
  map.places.delete(cell.key);
  map.free.push(place);
  map.bytes -= cell.bytes;
  // The free cell must not keep the value alive.
  cell.key = "";
  cell.value = null;
  cell.bytes = 0;
}

/** Forgets all keys, and what the policy knew of them. */
export function clear<Value>(map: BoundedMap<Value>): void {
  const eviction = evictionOf(map.policy);
  map.places.clear();
  map.free.length = 0;
  map.bytes = 0;
  map.cells.length = 0;
  map.cells.push(...closingCells<Value>(eviction.rings));
  map.order = eviction.start(map.capacityEntries);
}
