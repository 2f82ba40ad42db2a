/**
 * `policies.limiter_*`: what it costs to decide whether one of many users may
 * come in, for each policy, and for the token bucket beside what a shop on
 * JavaScript would install for it. Ours is the whole of admission: finding the
 * user's limiter, deciding, and the numbers that the answer's fields need. All
 * read the clock for each decision.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { LIMITER_KINDS } from "../cluster/limiters/limiter.ts";
import type { Arm } from "./actors/arms.ts";
import { type Contest, holdContest } from "./actors/contest.ts";
import { perSecond } from "./actors/figures.ts";
import { type Benchmark, median } from "./benchmark.ts";

const FLEXIBLE = "rate-limiter-flexible 11.4";

const DENO = ["run", "--quiet", "--no-prompt", "--no-check"] as const;

const OURS_MAIN = fileURLToPath(import.meta.resolve("./limiters/main.ts"));
const FLEXIBLE_MAIN = fileURLToPath(
  import.meta.resolve("./peers/rate_limiter_flexible/main.ts"),
);

/** Ours first, then the peer, which counts in memory as ours does. */
export const LIMITER_ARMS: readonly Arm[] = [
  { name: "ours", command: [Deno.execPath(), ...DENO, OURS_MAIN] },
  {
    name: FLEXIBLE,
    command: [Deno.execPath(), ...DENO, "--allow-env", FLEXIBLE_MAIN],
  },
];

/** Decisions of one iteration. */
const DECISIONS = 500_000;
/** "At least three times as fast". */
const TIMES = 3;

function contest(task: string, isBeside: boolean): Contest {
  const summary = `admitting one of 10,000 users, ${task}`;
  const goals = isBeside ? [{ against: FLEXIBLE, floor: TIMES }] : [];
  return {
    name: `policies.limiter_${task}`,
    summary,
    task,
    sizes: { n: DECISIONS },
    count: ({ n }) => n,
    metrics: [
      { metric: `${summary}: decisions`, unit: "/s", of: perSecond, goals },
      {
        metric: `${summary}: one`,
        unit: "ns",
        lowerIsBetter: true,
        of: ({ seconds, count }) => median(seconds) / count * 1e9,
        goals: [],
      },
    ],
  };
}

/** See the module. */
export const LIMITERS: readonly Benchmark[] = LIMITER_KINDS.map((kind) => {
  const isBeside = kind === "token-bucket";
  const held = contest(kind, isBeside);
  const arms = isBeside ? LIMITER_ARMS : LIMITER_ARMS.slice(0, 1);
  return {
    name: held.name,
    summary: held.summary,
    run: (options) => holdContest(held, arms, options),
  };
});
