/**
 * `policies.ring` and `policies.pick-…`: what a decision of a balancer costs. The
 * ring stands beside npm's `hashring` on the same keys and servers, with as
 * many points; each program checks that every server got about its share. For
 * the other policies there is no peer that does the same in a process, so their
 * figures stand alone.
 *
 * @module
 */
import { BALANCER_NAMES } from "../cluster/balancers/policies.ts";
import { type Arm, denoArm } from "./actors/arms.ts";
import { besideArms, type Contest } from "./actors/contest.ts";
import { nanosecondsEach } from "./actors/figures.ts";
import type { Benchmark, Goal } from "./benchmark.ts";

const HASHRING = "hashring 3.2";

/** Decisions of one iteration. */
const PICKS = 1_000_000;
/** "At least twice as fast." */
const TIMES = 2;

const OURS = denoArm("ours", import.meta.resolve("./balancers/main.ts"));

/** Ours first, then the peer of the ring. */
export const RING_ARMS: readonly Arm[] = [
  OURS,
  denoArm(HASHRING, import.meta.resolve("./peers/hashring/main.ts")),
];

function contest(
  name: string,
  task: string,
  summary: string,
  goals: readonly Goal[] = [],
): Contest {
  return {
    name: `policies.${name}`,
    summary,
    task,
    sizes: { n: PICKS },
    count: ({ n }) => n,
    metrics: [{
      metric: summary,
      unit: "ns",
      lowerIsBetter: true,
      of: nanosecondsEach,
      goals,
    }],
  };
}

const RING = contest("ring", "ring", "a look-up in a ring of 8 × 160 points", [
  { against: HASHRING, floor: 1 / TIMES },
]);

const ALONE = [
  contest("pool", "pool", "a call through a pool of 8, by round robin"),
  ...BALANCER_NAMES.map((name) =>
    contest(`pick-${name}`, name, `a pick of 8 by ${name}`)
  ),
];

/** See the module. */
export const BALANCING: readonly Benchmark[] = [
  besideArms(RING, RING_ARMS),
  ...ALONE.map((each) => besideArms(each, [OURS])),
];
