/**
 * `policies.*`: what one decision of a policy costs, beside a library that
 * makes the same decision. Each program does the same decisions on the same
 * input and is held to the same result.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { EVICTION_NAMES } from "../actors/cache_node.ts";
import type { Arm } from "./actors/arms.ts";
import { type Contest, holdContest } from "./actors/contest.ts";
import { median } from "./benchmark.ts";
import type { Benchmark, Goal } from "./benchmark.ts";

const LRU_CACHE = "lru-cache 11.5";

const DENO = ["run", "--quiet", "--no-prompt", "--no-check"] as const;

const OURS_MAIN = fileURLToPath(import.meta.resolve("./policies/main.ts"));
const LRU_CACHE_MAIN = fileURLToPath(
  import.meta.resolve("./peers/lru_cache/main.ts"),
);

/** Ours first, then the peer of caches. */
export const CACHE_ARMS: readonly Arm[] = [
  { name: "ours", command: [Deno.execPath(), ...DENO, OURS_MAIN] },
  { name: LRU_CACHE, command: [Deno.execPath(), ...DENO, LRU_CACHE_MAIN] },
];

/** A contest and who takes part. */
interface Held {
  readonly contest: Contest;
  readonly arms: readonly Arm[];
}

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
      of: ({ seconds, count }) => median(seconds) / count * 1e9,
      goals,
    }],
  };
}

const HELD: readonly Held[] = EVICTION_NAMES.map((policy) => {
  const isLru = policy === "lru";
  const what = `a cache of 1,000 of 10,000 products, ${policy}`;
  // At least 0.8 times as many look-ups a second.
  const goals = isLru ? [{ against: LRU_CACHE, floor: 1 / 0.8 }] : [];
  const arms = isLru ? CACHE_ARMS : CACHE_ARMS.slice(0, 1);
  return { contest: cacheContest(policy, what, goals), arms };
});

/** See the module. */
export const POLICIES: readonly Benchmark[] = HELD.map((
  { contest, arms },
) => ({
  name: contest.name,
  summary: contest.summary,
  run: (options) => holdContest(contest, arms, options),
}));
