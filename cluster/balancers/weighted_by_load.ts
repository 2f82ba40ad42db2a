/**
 * Weighted by load: shares are in inverse proportion to the load of members,
 * times their weights. Load is how long a call would wait: the smoothed time of
 * answers, for each call under way and the new one. A member that is twice as
 * slow gets half as much. A weight says what a machine is, its load how it is
 * now, so the two are kept apart.
 *
 * Who has not answered yet counts as fast as the fastest that has: it is tried
 * soon, and its first answers say what it is worth.
 *
 * @module
 */
import type { Balancer, Member } from "./balancer.ts";
import { WeightedRoundRobin } from "./weighted_round_robin.ts";

/** Less than this is noise of the clock and would draw all picks. */
const LATENCY_MIN_MS = 0.01;

/** See the module. */
export class WeightedByLoad implements Balancer {
  /** What a member without answers is taken for. */
  #fastestMs = LATENCY_MIN_MS;
  /** Of all weights by load: credits must mean the same from pick to pick. */
  #total = 1;
  readonly #turns = new WeightedRoundRobin((member) =>
    this.#weightOf(member) / this.#total
  );

  pick<M extends Member>(members: readonly M[]): M {
    let fastestMs = Infinity;
    for (const { latencyMs } of members) {
      if (latencyMs > 0 && latencyMs < fastestMs) fastestMs = latencyMs;
    }
    this.#fastestMs = fastestMs === Infinity
      ? LATENCY_MIN_MS
      : Math.max(fastestMs, LATENCY_MIN_MS);
    let total = 0;
    for (const member of members) total += this.#weightOf(member);
    this.#total = total || 1;
    return this.#turns.pick(members);
  }

  #weightOf({ weight, latencyMs, inFlight }: Member): number {
    const expectedMs = latencyMs === 0
      ? this.#fastestMs
      : Math.max(latencyMs, LATENCY_MIN_MS);
    return weight / (expectedMs * (inFlight + 1));
  }
}
