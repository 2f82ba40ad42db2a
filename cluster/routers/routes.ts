/**
 * The newest map of a router, and who routes by an older one. A map is replaced
 * whole and only by a newer one, so late news changes nothing.
 *
 * @module
 */
import type { Router } from "./router.ts";

/** Where a key is, and by which map. */
export interface Route {
  /** Null: the map has a gap there. */
  readonly shard: string | null;
  /** Of the map that says so. */
  readonly version: number;
}

/** See the module. */
export class Routes<Key> {
  #router: Router<Key>;

  /** Begins with this map. */
  constructor(router: Router<Key>) {
    this.#router = router;
  }

  /** Takes a newer map and says true, or ignores one that is not. */
  replace(router: Router<Key>): boolean {
    if (router.version <= this.#router.version) return false;
    this.#router = router;
    return true;
  }

  /** Where a key is by the newest map. */
  locate(key: Key): Route {
    return {
      shard: this.#router.route(key),
      version: this.#router.version,
    };
  }

  /**
   * Whether a route is still right: its key has the same shard by the newest
   * map, whatever the versions.
   */
  isCurrent(key: Key, { shard, version }: Route): boolean {
    return version === this.#router.version ||
      this.#router.route(key) === shard;
  }
}
