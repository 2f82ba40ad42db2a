/** What each balancing policy is worth, on servers in virtual time. */
import assert from "node:assert/strict";
import {
  BALANCER_NAMES,
  type BalancerName,
} from "../../cluster/balancers/policies.ts";
import {
  type ServerPoolModel,
  type ServerPoolResult,
  simulateServerPool,
} from "../../sim/server_pool.ts";

const EIGHT = Array.from({ length: 8 }, () => server(10));

/** Eight servers, each busy for 0.7 of the time, with a mean of 10 ms. */
const POOL: ServerPoolModel = {
  servers: EIGHT,
  policy: "round-robin",
  virtualNodes: 128,
  slackPercent: 25,
  capacityCalls: 100_000,
  health: {
    badRepliesInRow: 5,
    ejectedForMs: 10_000,
    ejectedForMostMs: 60_000,
    ejectedPercentMost: 50,
    failedProbesInRow: 3,
    goodProbesInRow: 2,
    slowStartMs: 0,
  },
  budget: { budgetPerMillion: 200_000, reserveRetries: 10 },
  throttle: null,
  retriesMost: 1,
  tryWithinMs: 1_000_000,
  withinMs: 1_000_000,
  calls: 20_000,
  callsPerSecond: 560,
  clients: 10_000,
  seed: 1,
};

function server(meanMs: number) {
  return { service: { kind: "exponential", meanUs: meanMs * 1_000 } } as const;
}

function run(
  policy: BalancerName,
  changes: Partial<ServerPoolModel> = {},
): ServerPoolResult {
  return simulateServerPool({ ...POOL, policy, ...changes });
}

function firstShare({ pool }: ServerPoolResult): number {
  return pool.members[0]!.share;
}

function p99Ms({ latencies }: ServerPoolResult): number {
  return latencies.percentileUs(99) / 1_000;
}

/** Policies that look at what members are doing. */
const WATCHFUL: readonly BalancerName[] = [
  "weighted-by-load",
  "least-connections",
  "power-of-two-choices",
  "consistent-hash",
];

for (const policy of BALANCER_NAMES) {
  Deno.test(`${policy} gives each of eight equal servers about an eighth`, () => {
    const result = run(policy);
    // The lowest index wins ties, and clients differ in how much they ask.
    for (const { name, share } of result.pool.members) {
      assert.ok(share > 0.06 && share < 0.18, `${name}: ${share}`);
    }
    assert.equal(result.latencies.count, POOL.calls);
  });

  Deno.test(`${policy} loses no call to a server that fails, and hardly asks it`, () => {
    const servers = [{ ...server(10), failsPerMillion: 1_000_000 }]
      .concat(EIGHT.slice(1) as never);
    const result = run(policy, { servers });
    assert.equal(result.failed, 0);
    assert.ok(firstShare(result) < 0.005, `share ${firstShare(result)}`);
    const { calls, budget } = POOL;
    const most = calls * budget.budgetPerMillion / 1_000_000 + 10;
    assert.ok(result.retries > 0 && result.retries <= most);
  });
}

Deno.test("policies that look at members spare a server that is four times slower, the others let its callers wait for minutes", () => {
  const servers = [server(40), ...EIGHT.slice(1)];
  for (const policy of BALANCER_NAMES) {
    const result = run(policy, { servers });
    const figures = `${policy}: ${firstShare(result)}, ${p99Ms(result)} ms`;
    if (WATCHFUL.includes(policy)) {
      assert.ok(firstShare(result) < 0.06 && p99Ms(result) < 250, figures);
    } else assert.ok(p99Ms(result) > 10_000, figures);
  }
});

Deno.test("without ejection a server that fails at once looks idle and draws most of the calls of least connections", () => {
  const failing = { ...server(10), failsPerMillion: 1_000_000 };
  const health = { ...POOL.health, badRepliesInRow: 1_000_000_000 };
  const servers = [failing, ...EIGHT.slice(1)];
  const result = run("least-connections", { servers, health });
  assert.ok(firstShare(result) > 0.7, `share ${firstShare(result)}`);
  assert.ok(result.failed > POOL.calls / 2, `failed ${result.failed}`);
});

Deno.test("with two choices the mean time of 400 servers at 0.7 is 1.6145 services, as theory has it, and 3.33 with one", () => {
  const crowd = {
    servers: Array.from({ length: 400 }, () => server(1_000)),
    callsPerSecond: 0.7 * 400,
    calls: 150_000,
  };
  // Mitzenmacher's limit for many servers, and M/M/1's 1 / (1 − 0.7); the run
  // begins empty, so both come out a little low.
  const mean = (policy: BalancerName) =>
    run(policy, crowd).latencies.meanUs / 1_000_000;
  const two = mean("power-of-two-choices");
  assert.ok(Math.abs(two - 1.6145) < 0.03 * 1.6145, `two choices ${two}`);
  const one = mean("random");
  assert.ok(Math.abs(one - 3.3333) < 0.05 * 3.3333, `one choice ${one}`);
});

for (const [failing, attempts] of [[0.2, 1.248], [0.5, 1.875]] as const) {
  Deno.test(`with a budget that is never short three retries of calls that fail ${failing} of the time make ${attempts} attempts of one, as theory has it`, () => {
    // (1 − p⁴) / (1 − p): each try is at another of four servers.
    const bad = { ...server(1), failsPerMillion: failing * 1_000_000 };
    const result = run("random", {
      servers: [bad, bad, bad, bad],
      retriesMost: 3,
      health: { ...POOL.health, badRepliesInRow: 1_000_000_000 },
      budget: { budgetPerMillion: 1_000_000, reserveRetries: 10_000 },
    });
    const measured = 1 + result.retries / POOL.calls;
    assert.ok(Math.abs(measured - attempts) < 0.02, `${measured}`);
    const lost = result.failed / POOL.calls;
    assert.ok(Math.abs(lost - failing ** 4) < 0.01, `${lost} lost`);
  });
}

Deno.test("a pool that is overloaded for good is called no more than its budget allows", () => {
  const storm = { callsPerSecond: 2_000, tryWithinMs: 200, withinMs: 1_000 };
  const calm = { budgetPerMillion: 100_000, reserveRetries: 10 };
  const result = run("power-of-two-choices", {
    ...storm,
    retriesMost: 5,
    budget: calm,
  });
  assert.ok(result.failed > 0);
  assert.ok(result.retries <= POOL.calls / 10 + 10, `${result.retries}`);
});

Deno.test("of 16 callers who know their own calls only all run to the first server by least connections, and to none by two choices", () => {
  const many = { callers: 16 };
  const least = run("least-connections", many);
  const two = run("power-of-two-choices", many);
  assert.ok(least.latencies.meanUs > 2 * two.latencies.meanUs);
  assert.ok(least.shares[0]! > 0.16 && two.shares[0]! < 0.135);
  for (const { shares, latencies } of [least, two]) {
    assert.equal(latencies.count, POOL.calls);
    const all = shares.reduce((sum, share) => sum + share, 0);
    assert.ok(Math.abs(all - 1) < 1e-9);
  }
});

/** 1,000 calls a second for a minute, 300 of which the servers have room for. */
function crowded(untilMs: number, changes: Partial<ServerPoolModel> = {}) {
  const room = { perSecond: 150, untilMs };
  const servers = [1, 2].map(() => ({ ...server(0.1), room }));
  return run("round-robin", {
    servers,
    health: { ...POOL.health, badRepliesInRow: 1_000_000_000 },
    throttle: { multiplierPercent: 200, windowMs: 2_000 },
    ...{ calls: 60_000, callsPerSecond: 1_000, retriesMost: 0 },
    ...changes,
  });
}

Deno.test("row 46: where there is room for 300 of 1,000 calls a second their client refuses 0.3996 of them itself, and none once there is room again", () => {
  const throughout = crowded(Infinity);
  const shed = throughout.throttled / 60_000;
  assert.ok(Math.abs(shed - 0.3996) < 0.02, `${shed}`);
  // Half of what the servers see they serve, as without a throttle.
  const served = throughout.latencies.count;
  assert.ok(Math.abs(served - 300 * 60) < 0.02 * 300 * 60, `${served}`);
  assert.ok(Math.abs(throughout.failedTries - served) < 0.05 * served);
  const unthrottled = crowded(Infinity, { throttle: null });
  assert.ok(unthrottled.failedTries > 2.2 * throughout.failedTries);

  const whileFull = crowded(Infinity, { calls: 30_000 });
  const roomAtMs = 30_000;
  const afterwards = crowded(roomAtMs).throttled - whileFull.throttled;
  // What it had refused before counts for the two seconds of its window.
  assert.ok(afterwards > 0 && afterwards < 2 * 400, `${afterwards}`);
  assert.ok(crowded(roomAtMs).latencies.count > 18_000 / 2 + 30_000 - 2 * 700);
});

Deno.test("the same seed gives the same run of a pool, another one another", () => {
  const figures = (seed: number) =>
    run("random", { seed, calls: 2_000 }).pool.members.map(({ picks }) =>
      picks
    );
  assert.deepEqual(figures(5), figures(5));
  assert.notDeepEqual(figures(5), figures(6));
});
