/** Many servers under high load, against what theory says of two choices. */
import assert from "node:assert/strict";
import type { BalancerName } from "../../cluster/balancers/policies.ts";
import { simulateServerPool } from "../../sim/server_pool.ts";

const SERVERS = 400;

/** The mean time of a call at 400 servers, in services. */
function meanTime(policy: BalancerName, load: number): number {
  const service = { kind: "exponential", meanUs: 1_000_000 } as const;
  const { latencies } = simulateServerPool({
    servers: Array.from({ length: SERVERS }, () => ({ service })),
    policy,
    virtualNodes: 1,
    slackPercent: 0,
    capacityCalls: 100_000,
    health: {
      badRepliesInRow: 5,
      ejectedForMs: 1,
      ejectedForMostMs: 1,
      ejectedPercentMost: 0,
      failedProbesInRow: 1,
      goodProbesInRow: 1,
      slowStartMs: 0,
    },
    budget: { budgetPerMillion: 0, reserveRetries: 0 },
    throttle: null,
    retriesMost: 0,
    // Nobody gives up.
    tryWithinMs: 1e9,
    withinMs: 1e9,
    calls: 400_000,
    callsPerSecond: load * SERVERS,
    clients: 10_000,
    seed: 1,
  });
  return latencies.meanUs / 1_000_000;
}

// Mitzenmacher's Σ λ^(2^i − 2), for very many servers; 3 % for 400 of them.
for (const [load, expected] of [[0.9, 2.6141], [0.95, 3.383]] as const) {
  Deno.test(`row 11: with two choices the mean time of 400 servers at ${load} is ${expected} services, as theory has it, and far from one choice's`, () => {
    const two = meanTime("power-of-two-choices", load);
    assert.ok(Math.abs(two - expected) < 0.03 * expected, `${two}`);
    assert.ok(meanTime("random", load) > 2 * expected);
  });
}
