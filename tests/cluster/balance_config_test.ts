/** The balance section: what it says by itself, and what it is not taken for. */
import assert from "node:assert/strict";
import { BALANCER_NAMES } from "../../cluster/balancers/policies.ts";
import { ConfigError, printConfig, readConfig } from "../../cluster/config.ts";

function read(file: unknown) {
  const text = JSON.stringify(file);
  return readConfig({ SHOP_CONFIG: "shop.json" }, () => text);
}

/** The only line of the error that reading such a config ends in. */
function refusal(file: unknown): string {
  try {
    read(file);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.lines.length, 1, error.message);
    return error.lines[0]!;
  }
  assert.fail("The config was accepted");
}

Deno.test("without a word about balance calls go round robin, and the catalog has no readers of its own", () => {
  const { balance, topology } = read({});
  assert.equal(topology.catalogReaders, 0);
  assert.deepEqual(balance, {
    policy: "round-robin",
    weights: [],
    slackPercent: 25,
    capacityCalls: 1_024,
    health: {
      badRepliesInRow: 5,
      ejectedForMs: 10_000,
      ejectedForMostMs: 300_000,
      ejectedPercentMost: 50,
      failedProbesInRow: 3,
      goodProbesInRow: 2,
      slowStartMs: 10_000,
    },
    probeEveryMs: 1_000,
    retriesMost: 1,
    tryWithinMs: 500,
    budget: { budgetPerMillion: 200_000, reserveRetries: 10 },
    throttle: null,
  });
});

Deno.test("every policy can be chosen, and what was chosen is printed", () => {
  for (const policy of BALANCER_NAMES) {
    const config = read({ balance: { policy, throttle: {} } });
    assert.equal(config.balance.policy, policy);
    assert.deepEqual(
      config.balance.throttle,
      { multiplierPercent: 200, windowMs: 120_000 },
    );
    const printed = JSON.parse(printConfig(config));
    assert.equal(printed.balance.policy, policy);
    assert.deepEqual(read(printed), config);
  }
});

Deno.test("a policy that is not known is refused, and all that are known are named", () => {
  const line = refusal({ balance: { policy: "fastest" } });
  assert.match(line, /^shop\.json: balance\.policy: expected one of "round/);
  for (const name of BALANCER_NAMES) assert.ok(line.includes(`"${name}"`));
  assert.match(line, /found "fastest"$/);
});

Deno.test("weights that sum to 0 are refused, and those that are not one for each server", () => {
  const nothing = { balance: { weights: [0, 0] } };
  assert.equal(
    refusal(nothing),
    "shop.json: balance.weights: expected weights that do not sum to 0, " +
      "found [0,0]",
  );
  const three = { topology: { catalogReaders: 3 } };
  assert.equal(
    refusal({ ...three, balance: { weights: [1, 2] } }),
    "shop.json: balance.weights: expected none or 3 weights, one for each " +
      "server, found [1,2]",
  );
  const fits = read({ ...three, balance: { weights: [1, 2, 0] } });
  assert.deepEqual(fits.balance.weights, [1, 2, 0]);
  // Without readers of their own cache nodes are the servers: two of them.
  assert.deepEqual(read({ balance: { weights: [3, 1] } }).balance.weights, [
    3,
    1,
  ]);
});

Deno.test("every number of the balance section is held to its bounds", () => {
  const bad = [
    { capacity: 0 },
    { capacity: 1.5 },
    { slackPercent: -1 },
    { weights: [-1, 1] },
    { weights: 1 },
    { ejection: { badReplies: 0 } },
    { ejection: { for: "0s" } },
    { ejection: { maxPercent: 101 } },
    { ejection: { for: "6m" } },
    { ejection: { for: "20s", forMost: "10s" } },
    { slowStart: 10 },
    { probe: { every: "1ms" } },
    { probe: null },
    { retry: { max: -1 } },
    { retry: { budgetPercent: 101 } },
    { retry: { tryWithin: "0s" } },
    { throttle: { multiplierPercent: 99 } },
    { retries: 3 },
  ];
  for (const balance of bad) {
    assert.match(refusal({ balance }), /^shop\.json: balance\./);
  }
});
