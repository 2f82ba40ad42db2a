/**
 * `policies.limiter_*`: what it costs to decide whether one of many users may
 * come in and what is left to him, for each policy, for a token bucket that
 * processes share, without the store that they share it in, and for the token
 * bucket beside what a shop on JavaScript would install for it. `policies.admission`
 * is all that the shop's gate does with a token bucket: besides, it has the
 * numbers of the answer's fields, forgets users, and reads a finer clock.
 *
 * @module
 */
import { LIMITER_KINDS } from "../cluster/limiters/limiter.ts";
import { type Arm, denoArm } from "./actors/arms.ts";
import { besideArms, type Contest } from "./actors/contest.ts";
import { nanosecondsEach, perSecond } from "./actors/figures.ts";
import type { Benchmark, Goal } from "./benchmark.ts";

const FLEXIBLE = "rate-limiter-flexible 11.4";

const OURS_MAIN = import.meta.resolve("./limiters/main.ts");
const FLEXIBLE_MAIN = import.meta.resolve(
  "./peers/rate_limiter_flexible/main.ts",
);

/** Ours first, then the peer, which counts in memory as ours does. */
export const LIMITER_ARMS: readonly Arm[] = [
  denoArm("ours", OURS_MAIN),
  denoArm(FLEXIBLE, FLEXIBLE_MAIN, ["--allow-env"]),
];

/** Decisions of one iteration. */
const DECISIONS = 500_000;
/** "At least three times as fast". */
const TIMES = 3;

/** Goals of the token bucket; the others have no peer. */
const GOALS: Readonly<Record<string, readonly Goal[]>> = {
  "token-bucket": [{ against: FLEXIBLE, floor: TIMES }],
  admission: [],
};

function contest(task: string): Contest {
  const summary = `admitting one of 10,000 users, ${task}`;
  return {
    name: task === "admission"
      ? "policies.admission"
      : `policies.limiter_${task}`,
    summary,
    task,
    sizes: { n: DECISIONS },
    count: ({ n }) => n,
    metrics: [
      {
        metric: `${summary}: decisions`,
        unit: "/s",
        of: perSecond,
        goals: GOALS[task] ?? [],
      },
      {
        metric: `${summary}: one`,
        unit: "ns",
        lowerIsBetter: true,
        of: nanosecondsEach,
        goals: [],
      },
    ],
  };
}

/** See the module. */
export const LIMITERS: readonly Benchmark[] = [
  ...LIMITER_KINDS,
  "shared-token-bucket",
  "admission",
].map((task) => {
  const arms = task in GOALS ? LIMITER_ARMS : LIMITER_ARMS.slice(0, 1);
  return besideArms(contest(task), arms);
});
