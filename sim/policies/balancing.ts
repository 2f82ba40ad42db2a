/**
 * What callers wait under each balancing policy, and what a bad server gets:
 * eight servers that are busy for 0.7 of the time, of which one may be slow or
 * fail. Nobody gives up, so that the time shows how long a queue became.
 *
 * @module
 */
import {
  BALANCER_NAMES,
  type BalancerName,
} from "../../cluster/balancers/policies.ts";
import { balance } from "../../cluster/config.ts";
import { settleBalance } from "../../cluster/config_values.ts";
import type { LatencyHistogram } from "../latency_histogram.ts";
import {
  type ServerPoolModel,
  type SimulatedServer,
  simulateServerPool,
} from "../server_pool.ts";

/** How one policy did in one case. */
export interface Balancing {
  readonly policy: BalancerName;
  /** What the first server gets of all picks; a fair share is 1/8. */
  readonly firstShare: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Tries that failed; a call that fails is tried once more elsewhere. */
  readonly failedTries: number;
  /** Calls that got no answer at all, and all that there were. */
  readonly failed: number;
  readonly calls: number;
}

/** A case, with each policy. */
export interface BalancingCase {
  /** What is wrong with the first server, and who calls. */
  readonly name: string;
  readonly policies: readonly Balancing[];
}

const WELL: SimulatedServer = {
  service: { kind: "exponential", meanUs: 10_000 },
};
const SLOW: SimulatedServer = {
  service: { kind: "exponential", meanUs: 40_000 },
};
const FAILING: SimulatedServer = { ...WELL, failsPerMillion: 1_000_000 };

/** As many as edges behind a large shop; each knows its own calls only. */
const MANY_CALLERS = 16;

interface Case {
  readonly name: string;
  readonly first: SimulatedServer;
  /** What differs from `POOL`. */
  readonly changes?: Partial<ServerPoolModel>;
}

/** As the shop's callers wait by default. */
const IMPATIENT = { tryWithinMs: 500, withinMs: 1_000 };
const MANY = { callers: MANY_CALLERS };

const CASES: readonly Case[] = [
  { name: "all well", first: WELL },
  { name: "one 4 × slower", first: SLOW },
  { name: "one failing", first: FAILING },
  {
    name: "one 4 × slower, a caller who waits for 1 s",
    first: SLOW,
    changes: IMPATIENT,
  },
  { name: "all well, 16 callers", first: WELL, changes: MANY },
  {
    name: "one 4 × slower, 16 callers who wait for 1 s",
    first: SLOW,
    changes: { ...MANY, ...IMPATIENT },
  },
];

/** Health and retries as the shop has them by default. */
const POOL: Omit<ServerPoolModel, "servers" | "policy"> = {
  ...settleBalance(balance.parse({})),
  virtualNodes: 128,
  // Longer than any queue, and so is the time that callers have.
  capacityCalls: 100_000,
  tryWithinMs: 1_000_000,
  withinMs: 1_000_000,
  calls: 40_000,
  callsPerSecond: 560,
  clients: 10_000,
  seed: 1,
};

/**
 * Plays every case with every policy.
 *
 * @param step Hears which case is played next.
 */
export function compareBalancers(
  step: (what: string) => void,
): BalancingCase[] {
  return CASES.map((each) => {
    step(each.name);
    const policies = BALANCER_NAMES.map((policy) => play(policy, each));
    return { name: each.name, policies };
  });
}

function play(policy: BalancerName, { first, changes }: Case): Balancing {
  const { shares, latencies, failed, failedTries } = simulateServerPool({
    ...POOL,
    servers: [first, ...Array.from({ length: 7 }, () => WELL)],
    policy,
    ...changes,
  });
  return {
    policy,
    firstShare: shares[0]!,
    ...timesOf(latencies),
    failedTries,
    failed,
    calls: POOL.calls,
  };
}

function timesOf(latencies: LatencyHistogram) {
  const percentile = (percent: number) =>
    latencies.percentileUs(percent) / 1_000;
  return {
    meanMs: latencies.meanUs / 1_000,
    p50Ms: percentile(50),
    p90Ms: percentile(90),
    p99Ms: percentile(99),
    p999Ms: percentile(99.9),
    maxMs: latencies.maxUs / 1_000,
  };
}
