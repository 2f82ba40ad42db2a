/**
 * All policies that a shop can choose from, each kind on the same input, in
 * virtual time: the same figures on every run and every machine.
 *
 * @module
 */
import { type BalancingCase, compareBalancers } from "./balancing.ts";
import { type CacheHits, compareCaches } from "./cache_hits.ts";
import { compareDoormen, type OverloadCase } from "./overload.ts";

/** What came of it, as it goes into a file. */
export interface Comparison {
  readonly schema: "doorbuster-policies/1";
  readonly caches: readonly CacheHits[];
  readonly balancers: readonly BalancingCase[];
  readonly limiters: readonly OverloadCase[];
}

/**
 * Compares everything; it takes some fifteen seconds.
 *
 * @param ordered The SKU of each order line of a real shop, in order.
 * @param step Hears what is played next.
 */
export function comparePolicies(
  ordered: readonly string[],
  step: (what: string) => void,
): Comparison {
  return {
    schema: "doorbuster-policies/1",
    caches: compareCaches(ordered, (what) => step(`caches: ${what}`)),
    balancers: compareBalancers((what) => step(`balancers: ${what}`)),
    limiters: compareDoormen((what) => step(`limiters: ${what}`)),
  };
}
