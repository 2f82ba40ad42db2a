/**
 * `policies.*`: what one decision of a policy costs, beside a library that
 * makes the same decision. Each program does the same decisions on the same
 * input and is held to the same result.
 *
 * @module
 */
import { EVICTION_NAMES } from "../actors/cache_node.ts";
import { type Arm, denoArm } from "./actors/arms.ts";
import { besideArms, type Contest } from "./actors/contest.ts";
import { nanosecondsEach } from "./actors/figures.ts";
import type { Benchmark, Goal } from "./benchmark.ts";

const LRU_CACHE = "lru-cache 11.5";

/** Ours first, then the peer of caches. */
export const CACHE_ARMS: readonly Arm[] = [
  denoArm("ours", import.meta.resolve("./policies/main.ts")),
  denoArm(LRU_CACHE, import.meta.resolve("./peers/lru_cache/main.ts")),
];

/** Look-ups of one iteration. */
const READS = 1_000_000;

function cacheContest(
  task: string,
  summary: string,
  goals: readonly Goal[],
): Contest {
  return {
    name: `policies.cache_${task}`,
    summary,
    task,
    sizes: { n: READS },
    count: ({ n }) => n,
    metrics: [{
      metric: `${summary}: a look-up`,
      unit: "ns",
      lowerIsBetter: true,
      of: nanosecondsEach,
      goals,
    }],
  };
}

/** See the module. */
export const POLICIES: readonly Benchmark[] = EVICTION_NAMES.map((policy) => {
  const isLru = policy === "lru";
  const what = `a cache of 1,000 of 10,000 products, ${policy}`;
  // At least 0.8 times as many look-ups a second.
  const goals = isLru ? [{ against: LRU_CACHE, floor: 1 / 0.8 }] : [];
  const arms = isLru ? CACHE_ARMS : CACHE_ARMS.slice(0, 1);
  return besideArms(cacheContest(policy, what, goals), arms);
});
