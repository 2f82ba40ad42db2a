/**
 * Sharding by a map: which shard keeps the data of a key. A map has a version,
 * and the same version says the same in every process, so whoever has routed by
 * an older one can be told. Hash, range and time are three kinds of map behind
 * one interface; `routes.ts` holds the newest one.
 *
 * @module
 */

/** Routes keys of one kind. */
export interface Router<Key> {
  /** Grows with each change of the map. */
  readonly version: number;
  /** The shard of a key; null where the map has a gap. */
  route(key: Key): string | null;
}
