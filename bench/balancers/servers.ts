/**
 * `policies.servers`: what callers wait under each policy, and what a bad server
 * gets, in virtual time: eight servers that are busy for 0.7 of the time, of
 * which one may be four times slower or fail each call at once. The figures are
 * exact and the same on every machine; there is nothing to measure twice.
 *
 * @module
 */
import {
  BALANCER_NAMES,
  type BalancerName,
} from "../../cluster/balancers/policies.ts";
import { simulateServerPool } from "../../sim/server_pool.ts";
import { type Benchmark, compare, type Result } from "../benchmark.ts";

const NAME = "policies.servers";

const GOOD = { service: { kind: "exponential", meanUs: 10_000 } } as const;

/** What is wrong with the first server. */
const CASES = {
  "all well": GOOD,
  "one 4 × slower": { service: { kind: "exponential", meanUs: 40_000 } },
  "one failing": { ...GOOD, failsPerMillion: 1_000_000 },
} as const;

function measure(policy: BalancerName, what: keyof typeof CASES): Result[] {
  const { pool, latencies } = simulateServerPool({
    servers: [CASES[what], ...Array.from({ length: 7 }, () => GOOD)],
    policy,
    virtualNodes: 128,
    slackPercent: 25,
    capacityCalls: 100_000,
    health: {
      badRepliesInRow: 5,
      ejectedForMs: 10_000,
      ejectedForMostMs: 300_000,
      ejectedPercentMost: 50,
      failedProbesInRow: 3,
      goodProbesInRow: 2,
      slowStartMs: 10_000,
    },
    budget: { budgetPerMillion: 200_000, reserveRetries: 10 },
    throttle: null,
    retriesMost: 1,
    tryWithinMs: 1_000_000,
    withinMs: 1_000_000,
    calls: 40_000,
    callsPerSecond: 560,
    clients: 10_000,
    seed: 1,
  });
  const figure = (metric: string, unit: string, ours: number) =>
    compare({
      bench: NAME,
      metric: `${what}, ${policy}: ${metric}`,
      unit,
      lowerIsBetter: true,
      ours: [ours],
    });
  return [
    figure("p99", "ms", latencies.percentileUs(99) / 1_000),
    figure("share of the first", "%", pool.members[0]!.share * 100),
  ];
}

/** See the module. */
export const SERVERS_IN_VIRTUAL_TIME: Benchmark = {
  name: NAME,
  summary: "what callers wait by each policy, with a slow or a failing server",
  run({ plan, step }) {
    const cases = Object.keys(CASES) as (keyof typeof CASES)[];
    plan(cases.length);
    return Promise.resolve(cases.flatMap((what) => {
      const results = BALANCER_NAMES.flatMap((policy) => measure(policy, what));
      step(what);
      return results;
    }));
  },
};
