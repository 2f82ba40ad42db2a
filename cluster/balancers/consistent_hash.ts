/**
 * Consistent hashing with bounded load (Mirrokni, Thorup, Zadimoghaddam 2018):
 * a key goes to its member on the ring unless that one is full, and then to the
 * next one clockwise that is not. Full is who has more than its share of the
 * calls under way, times a slack. So one hot key cannot drown a member, and
 * most keys stay where they are cached.
 *
 * @module
 */
import { HashRing } from "../hash_ring.ts";
import type { Balancer, Member } from "./balancer.ts";

/** How the ring is built and how full a member may be. */
export interface ConsistentHashOptions {
  /** Points of each member on the ring. */
  readonly virtualNodes: number;
  /** A member may have this much more than the mean of all calls under way. */
  readonly slackPercent: number;
}

/** See the module. */
export class ConsistentHash implements Balancer {
  readonly #ring: HashRing;
  readonly #slack: number;

  /**
   * @param names Of all members that there will ever be: who is away keeps his
   * points, so that nobody else's keys move.
   * @throws {RangeError} As `HashRing`.
   */
  constructor(names: readonly string[], options: ConsistentHashOptions) {
    this.#ring = new HashRing(names, options.virtualNodes);
    this.#slack = 1 + options.slackPercent / 100;
  }

  pick<M extends Member>(members: readonly M[], key: string): M {
    let inFlight = 1;
    for (const member of members) inFlight += member.inFlight;
    const most = Math.ceil(inFlight / members.length * this.#slack);
    let picked: M | undefined;
    // Ends: with this call they have together no more than n times the mean.
    this.#ring.walk(key, (name) => {
      picked = members.find((member) => member.name === name);
      return picked !== undefined && picked.inFlight < most;
    });
    return picked ?? members[0]!;
  }
}
