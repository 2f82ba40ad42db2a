/**
 * What a load balancer is: of the members of a pool that may be used now, it
 * picks one. Which members those are, is not its business (`../pool/pool.ts`
 * knows health, draining and bounds), and neither are time and transport. So
 * each policy is a few lines, and all of them pass one table of cases.
 *
 * @module
 */

/** A server of a pool, as a policy sees it. */
export interface Member {
  /** Its place in the pool, from 0; stays the same while others come and go. */
  readonly index: number;
  /** Unlike any other's in the pool; hashing policies go by it. */
  readonly name: string;
  /** Its share beside the others', in policies that weigh; at least 0. */
  readonly weight: number;
  /** Calls that it has not answered yet. */
  readonly inFlight: number;
  /** Smoothed time of its good answers; 0 before the first. */
  readonly latencyMs: number;
}

/** A policy and what it remembers of its own picks. */
export interface Balancer {
  /**
   * Picks one of `members`, which are in order of index and at least one.
   *
   * @param key Who asks, or for what; policies that hash pick alike for it.
   */
  pick<M extends Member>(members: readonly M[], key: string): M;
}
