/**
 * Sharding by hash: keys of any skew spread evenly, and neighbours land apart.
 * The number of shards is part of the map: another number moves nearly all
 * keys, so it is for shards that stay as many as they are (partitions of a
 * store). For those that come and go there is the ring.
 *
 * @module
 */
import { stableHash } from "../../actors/runtime/random.ts";
import type { Router } from "./router.ts";

/** See the module. */
export class HashRouter implements Router<string> {
  /** Grows with each change of the map. */
  readonly version: number;
  readonly #shards: readonly string[];

  /**
   * Makes the map of that version.
   *
   * @throws {RangeError} Without shards.
   */
  constructor(version: number, shards: readonly string[]) {
    if (shards.length === 0) {
      throw new RangeError("Cannot route by hash as there are no shards");
    }
    this.version = version;
    this.#shards = shards;
  }

  /** The shard of a key; it is never null. */
  route(key: string): string {
    return this.#shards[stableHash(key) % this.#shards.length]!;
  }

  /** The shard of that number; undefined when there is none. */
  at(index: number): string | undefined {
    return this.#shards[index];
  }
}
