/**
 * A comparison of policies that nobody has made: one of each kind, with text
 * that must not become markup.
 *
 * @module
 */
import type { Comparison } from "../../sim/policies/comparison.ts";
import { DOORMEN, LOADS } from "../../sim/policies/overload.ts";

/** Figures that nothing has measured. */
export function madeUpComparison(): Comparison {
  const times = { meanMs: 2, p50Ms: 1, p90Ms: 3, p99Ms: 9, p999Ms: 27 };
  return {
    schema: "doorbuster-policies/1",
    limiters: [{
      name: "made up",
      goodputs: DOORMEN.flatMap((doorman) =>
        LOADS.map((load) => ({
          ...{ doorman, load, goodput: 0.25, refused: 0, meanMs: 0 },
        }))
      ),
    }],
    balancers: [{
      name: "<made> & up",
      policies: [{
        policy: "random",
        firstShare: 0.125,
        ...times,
        ...{ maxMs: 81, failedTries: 3, failed: 0, calls: 1_234 },
      }],
    }],
    caches: [{
      reads: "made up",
      entries: 1_000,
      hitRatios: { lru: 0.1, lfu: 0.2, fifo: 0, sieve: 1 },
    }],
  };
}
