/**
 * Weighted by load: shares are in inverse proportion to how long members take
 * to answer, times their weights. A member that is twice as slow gets half as
 * much. A weight says what a machine is, its latency how it is now, so the two
 * are kept apart.
 *
 * Who has not answered yet counts as the fastest that has: it is tried soon,
 * and its first answers say what it is worth.
 *
 * @module
 */
import type { Balancer, Member } from "./balancer.ts";
import { WeightedRoundRobin } from "./weighted_round_robin.ts";

/** Less than this is noise of the clock and would draw all picks. */
const LATENCY_MIN_MS = 0.01;

/** See the module. */
export class WeightedByLoad implements Balancer {
  #fastestMs = LATENCY_MIN_MS;
  readonly #turns = new WeightedRoundRobin((member) =>
    member.weight /
    (member.latencyMs === 0
      ? this.#fastestMs
      : Math.max(member.latencyMs, LATENCY_MIN_MS))
  );

  pick<M extends Member>(members: readonly M[]): M {
    let fastestMs = Infinity;
    for (const { latencyMs } of members) {
      if (latencyMs > 0 && latencyMs < fastestMs) fastestMs = latencyMs;
    }
    this.#fastestMs = fastestMs === Infinity
      ? LATENCY_MIN_MS
      : Math.max(fastestMs, LATENCY_MIN_MS);
    return this.#turns.pick(members);
  }
}
