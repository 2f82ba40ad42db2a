/**
 * Round robin: one after the other. Over any picks of one set of members the
 * most and the least used one differ by at most one.
 *
 * @module
 */
import type { Balancer, Member } from "./balancer.ts";

/** See the module. */
export class RoundRobin implements Balancer {
  /** The index of the member that is next, or behind which the next one is. */
  #next = 0;

  pick<M extends Member>(members: readonly M[]): M {
    // By index, not by count: who leaves or returns gives nobody two turns.
    const picked = members.find(({ index }) => index >= this.#next) ??
      members[0]!;
    this.#next = picked.index + 1;
    return picked;
  }
}
