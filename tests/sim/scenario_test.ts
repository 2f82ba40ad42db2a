/**
 * Scenario files: what they become, what is refused, and what seeds draw.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatUs, parseUs } from "../../sim/duration.ts";
import {
  parseScenario,
  resolveScenario,
  ScenarioError,
} from "../../sim/scenario.ts";
import type { Scenario } from "../../sim/scenario_values.ts";
import { drawRanges } from "../../sim/ranges.ts";

type Json = Record<string, unknown>;

/** The least that a scenario says. */
const LEAST: Json = {
  schema: "doorbuster/1",
  name: "least",
  teaches: "What a file must have.",
  clock: { duration: "60s" },
  catalog: { products: 10, popularity: { zipf: 1 }, stock: 100 },
  journeys: { buyer: { steps: ["read_product", "place_order"] } },
  load: [{ phase: "all", open: { rate: "20/s" } }],
};

function resolve(changes: Json, seed = 1): Scenario {
  const text = JSON.stringify({ ...LEAST, ...changes });
  return resolveScenario(parseScenario(text, "x.json"), seed);
}

/** The lines that such a file is refused with, without its name. */
function refusal(changes: Json | string): string[] {
  try {
    const text = typeof changes === "string"
      ? changes
      : JSON.stringify({ ...LEAST, ...changes });
    parseScenario(text, "x.json");
  } catch (error) {
    assert.ok(error instanceof ScenarioError, String(error));
    return error.lines.map((line) => {
      assert.match(line, /^x\.json: .*expected .+, found .+$/);
      return line.slice("x.json: ".length);
    });
  }
  assert.fail("The scenario was accepted");
}

/** Refused in one line that begins so. */
function refused(changes: Json, start: string): void {
  const lines = refusal(changes);
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.ok(lines[0]!.startsWith(start), lines[0]);
}

Deno.test("parseScenario() fills in every default", () => {
  const scenario = resolve({});
  assert.equal(scenario.expects, "passed");
  assert.equal(scenario.scale, 1);
  assert.equal(scenario.config.topology.shopWorkers, 2);
  assert.equal(scenario.config.edge.requestTimeoutMs, 10_000);
  assert.ok(!("environment" in scenario.config));
  assert.deepEqual(scenario.clock, {
    startMs: Date.UTC(2020, 10, 11),
    durationUs: 60_000_000,
    warmupUs: 0,
    driftPerMillion: 0,
  });
  assert.deepEqual(scenario.journeys, [{
    name: "buyer",
    weight: 1,
    steps: [
      { do: "read_product", target: "any" },
      { do: "place_order", target: "any" },
    ],
    think: { kind: "constant", us: 0 },
    abandonPerMillion: 0,
    lines: { from: 1, to: 1 },
    retry: { max: 0, backoffUs: 0, jitter: "full", budgetPerMillion: null },
  }]);
  assert.deepEqual(scenario.load, [{
    phase: "all",
    fromUs: 0,
    toUs: 60_000_000,
    arrivals: {
      kind: "open",
      curve: [{ atUs: 0, perSecond: 20 }],
      spacing: "poisson",
    },
    users: 1_000_000,
    journeys: ["buyer"],
  }]);
  assert.deepEqual(scenario.buggify, {
    activatePerMillion: 0,
    firePerMillion: 0,
    paths: null,
  });
  assert.deepEqual(scenario.liveness, {
    afterUs: 60_000_000,
    withinUs: 30_000_000,
  });
  assert.equal(scenario.always, null);
});

Deno.test("parseScenario() takes units off, down to a microsecond", () => {
  const scenario = resolve({
    service: {
      reserve: { lognormal: ["0.4ms", 0.6] },
      charge: { exponential: "80ms" },
      confirm: { between: ["0.001ms", "2ms"] },
      read_entry: "1ms",
    },
    network: { delay: { min: "0.2ms", mean: "1ms" }, lossPercent: 0.5 },
    clock: { duration: "1m", start: "2020-11-10T15:59:50Z" },
  });
  assert.deepEqual([...scenario.service], [
    ["reserve", { kind: "lognormal", medianUs: 400, sigma: 0.6 }],
    ["charge", { kind: "exponential", meanUs: 80_000 }],
    ["confirm", { kind: "between", fromUs: 1, toUs: 2_000 }],
    ["read_entry", { kind: "constant", us: 1_000 }],
  ]);
  assert.equal(scenario.network.delayMinUs, 200);
  assert.equal(scenario.network.lossPerMillion, 5_000);
  assert.equal(scenario.clock.startMs, Date.UTC(2020, 10, 10, 15, 59, 50));
});

Deno.test("scale multiplies rates, users and stock, and nothing else", () => {
  const scenario = resolve({
    scale: 0.001,
    admission: { overall: { rate: "500/s", burst: 500 } },
    catalog: {
      products: 50,
      popularity: { zipf: 1.22 },
      stock: 20_000,
      flash: { products: 2, stock: 300 },
    },
    load: [
      {
        phase: "spike",
        for: "10s",
        open: { curve: [["0s", "1000/s"], ["2s", "583000/s"]] },
        users: 5_000_000,
      },
      { phase: "few", closed: { users: 7_000, think: "1s" }, users: 10 },
    ],
  });
  const [spike, few] = scenario.load;
  assert.deepEqual(spike!.arrivals, {
    kind: "open",
    curve: [{ atUs: 0, perSecond: 1 }, { atUs: 2_000_000, perSecond: 583 }],
    spacing: "poisson",
  });
  assert.deepEqual([spike!.users, few!.users], [5_000, 1]);
  assert.equal(few!.arrivals.kind === "closed" && few!.arrivals.users, 7);
  assert.deepEqual([spike!.fromUs, spike!.toUs], [0, 10_000_000]);
  assert.equal(scenario.catalog.products, 50);
  assert.equal(scenario.catalog.stockUnits, 20);
  // Something never becomes nothing.
  assert.equal(scenario.catalog.flash!.stockUnits, 1);
  assert.deepEqual(scenario.config.admission.overall, {
    ...{ kind: "token-bucket", capacityTokens: 500, refillPerSecond: 500 },
  });
});

Deno.test("faults have a time, a length and a target", () => {
  const { faults } = resolve({
    faults: [
      { id: "a", at: "1s", do: "crash", target: "worker[0]" },
      {
        ...{ id: "b", between: ["2s", "5s"], do: "slow" },
        ...{ target: "payment", factor: 50, percent: 30 },
      },
      {
        ...{ id: "c", when: { metric: "orders.placed", gt: 100 }, for: "1s" },
        ...{ do: "partition", from: "worker[0]", to: "worker-1" },
      },
    ],
  });
  const plain = { from: null, to: null, factor: 1, perMillion: 1_000_000 };
  assert.deepEqual(faults, [
    {
      ...{ ...plain, id: "a", do: "crash", target: "worker[0]" },
      ...{ time: { kind: "at", atUs: 1_000_000 }, forUs: null },
    },
    {
      ...{ ...plain, id: "b", do: "slow", target: "payment" },
      ...{ time: { kind: "at", atUs: 2_000_000 }, forUs: 3_000_000 },
      ...{ factor: 50, perMillion: 300_000 },
    },
    {
      ...{ ...plain, id: "c", do: "partition", target: null },
      ...{ from: "worker[0]", to: "worker-1", forUs: 1_000_000 },
      time: {
        kind: "when",
        metric: "orders.placed",
        comparison: "gt",
        value: 100,
        unit: "number",
      },
    },
  ]);
});

Deno.test("a bound has the unit of what it bounds", () => {
  const { thresholds } = resolve({
    thresholds: [
      { metric: "latency.place_order", q: 0.99, lt: "0.5s", during: "all" },
      { metric: "failed", of: "offered", lt: "0.1%" },
      { metric: "units.oversold", eq: 0 },
    ],
  });
  const rows = thresholds.map((
    { comparison, value, unit, quantile, during, of, bound },
  ) => [comparison, value, unit, quantile, during, of, bound]);
  assert.deepEqual(rows, [
    ["lt", 500, "ms", 0.99, "all", null, "< 0.5s"],
    ["lt", 0.1, "percent", null, null, "offered", "< 0.1%"],
    ["eq", 0, "number", null, null, null, "= 0"],
  ]);
});

Deno.test("an unknown key or name is refused with its path, wherever it is", () => {
  refused({ oops: 1 }, "oops: expected one of $schema, schema, name");
  refused({ clock: { duration: "1s", warmUp: "0s" } }, "clock.warmUp: ");
  refused({ topology: { workers: 2 } }, "topology.workers: expected one of");
  refused({ always: ["stock.conservd"] }, "always.0: expected the id of a");
  refused({ service: { reserv: "1ms" } }, "service.reserv: expected kinds");
  refused({
    faults: [{ id: "a", at: "1s", do: "flush", target: "cache[0]", for: "1s" }],
  }, "faults.0.for: expected one of id, at");
  refused({
    journeys: { buyer: { steps: ["place_order"], "a b": 1 } },
  }, 'journeys.buyer."a b": expected one of weight');
});

Deno.test("a value without its unit is refused", () => {
  refused({ clock: { duration: 60 } }, "clock.duration: expected a duration");
  refused({ clock: { duration: "60" } }, "clock.duration: expected a duration");
  refused({
    load: [{ phase: "all", open: { rate: 20 } }],
  }, 'load.0.open.rate: expected a rate such as "200/s" or "30/m", found 20');
  refused({ service: { charge: 80 } }, "service.charge: expected a distrib");
  refused({ orders: { holdFor: 60 } }, "orders.holdFor: expected a duration");
  refused({
    thresholds: [{ metric: "latency", q: 0.5, lt: 50 }],
  }, 'thresholds.0.lt: expected a duration such as "50ms", found 50');
});

Deno.test("everything that is wrong is named at once, a line each", () => {
  assert.equal(refusal({ name: "A B", scale: 0, nope: 1 }).length, 3);
  assert.match(refusal("{")[0]!, /^expected valid JSON, found /);
  assert.match(refusal("[]")[0]!, /^the file: expected an object with/);
});

/** What does not fit together, and the place that the refusal names. */
const MISFITS: readonly (readonly [Json, string])[] = [
  [{ clock: { duration: "1s", warmup: "1s" } }, "clock.warmup"],
  [{ runs: { seeds: "5..1" } }, "runs.seeds"],
  [{
    catalog: { products: 1, popularity: { zipf: 1 }, stock: "catalog" },
  }, "catalog.stock"],
  [{
    catalog: {
      ...{ products: 1, popularity: "catalog", stock: 1 },
      flash: { products: 2, stock: 1 },
    },
  }, "catalog.flash.products"],
  [{
    journeys: {
      buyer: { steps: [{ do: "read_product", target: "flash" }] },
    },
  }, "journeys.buyer.steps.0"],
  [{ journeys: { buyer: { steps: ["pay_order"] } } }, "journeys.buyer.steps.0"],
  [{
    journeys: { buyer: { steps: ["place_order"], lines: 11 } },
  }, "journeys.buyer.lines"],
  [{ load: [{ phase: "a", at: "60s", open: { rate: "1/s" } }] }, "load.0.at"],
  [{
    load: [{ phase: "a", at: "1s", for: "60s", open: { rate: "1/s" } }],
  }, "load.0.for"],
  [{ load: [{ phase: "a" }] }, "load.0"],
  [{ load: [{ phase: "a", open: {} }] }, "load.0.open"],
  [{ load: [{ phase: "a", open: { rate: "1/s", speed: 2 } }] }, "load.0.open"],
  [{
    load: [{
      phase: "a",
      open: { curve: [["1s", "1/s"], ["1s", "2/s"]] },
    }],
  }, "load.0.open.curve.1.0"],
  [{
    load: [{ phase: "a", open: { rate: "1/s" }, journeys: ["seller"] }],
  }, "load.0.journeys"],
  [{
    load: ["a", "a"].map((phase) => ({ phase, open: { rate: "1/s" } })),
  }, "load.1.phase"],
  [{ journeys: {} }, "load.0.journeys"],
  [{
    faults: [{ id: "a", at: "1s", do: "crash", target: "worker[2]" }],
  }, "faults.0.target"],
  [{
    faults: [{ id: "a", at: "1s", do: "hang", target: "inventory[0]" }],
  }, "faults.0.target"],
  [{
    faults: [{ id: "a", at: "1s", do: "flush", target: "inventory[*]" }],
  }, "faults.0.target"],
  [{
    faults: [{ id: "a", do: "crash", target: "worker[0]" }],
  }, "faults.0"],
  [{
    faults: [{
      ...{ id: "a", at: "1s", do: "partition" },
      ...{ from: "worker[0]", to: "worker[0]" },
    }],
  }, "faults.0.to"],
  [{
    faults: [{
      ...{ id: "a", at: "1s", do: "partition" },
      ...{ from: "worker[0]", to: "worker-0" },
    }],
  }, "faults.0.to"],
  [{
    faults: [{
      ...{ id: "a", at: "1s", do: "partition" },
      ...{ from: "worker[*]", to: "cache_worker[0]" },
    }],
  }, "faults.0.from"],
  [{
    faults: [{
      ...{ id: "a", between: ["1s", "2s"], do: "flush", target: "cache[0]" },
    }],
  }, "faults.0.between"],
  [{ thresholds: [{ metric: "ok", gt: 1, lt: 2 }] }, "thresholds.0"],
  [{ thresholds: [{ metric: "latency", lt: "1ms" }] }, "thresholds.0.q"],
  [{ thresholds: [{ metric: "ok", q: 0.5, gt: 1 }] }, "thresholds.0.q"],
  [{ thresholds: [{ metric: "ok", gt: "5%" }] }, "thresholds.0.gt"],
  [{
    thresholds: [{ metric: "ok", of: "offered", gt: 5 }],
  }, "thresholds.0.gt"],
  [{
    thresholds: [{ metric: "ok", gt: 1, during: "night" }],
  }, "thresholds.0.during"],
  [{
    eventually: [{ metric: "ok", gt: 1, after: "60s", within: "1s" }],
  }, "eventually.0.after"],
  [{
    eventually: [{ metric: "latency", gt: "1ms", within: "1s" }],
  }, "eventually.0.metric"],
  [{ network: { processes: 0 } }, "network.processes"],
  [{ network: { processes: 65 } }, "network.processes"],
  [{ machines: { cores: 2 } }, "machines"],
  [
    { network: { processes: 2 }, machines: { shared: true } },
    "machines.cores",
  ],
  [{
    ...{ network: { processes: 2 }, topology: { placement: "inline" } },
  }, "topology.placement"],
  [{
    network: { processes: 2 },
    clock: { duration: "10s", driftPerMillion: 4_901 },
  }, "clock.driftPerMillion"],
  [{
    network: { processes: 2 },
    admission: { sku: { rate: "1/s", burst: 5 } },
  }, "admission.sku"],
  [{
    faults: [{ id: "a", at: "1s", do: "crash", target: "redis" }],
  }, "faults.0.target"],
  [{
    network: { processes: 2 },
    faults: [{ id: "a", at: "1s", do: "crash", target: "process[2]" }],
  }, "faults.0.target"],
  [{
    network: { processes: 2 },
    faults: [{ id: "a", at: "1s", do: "lose_disk_cache", target: "database" }],
  }, "faults.0.target"],
  [{
    network: { processes: 2 },
    faults: [{
      ...{ id: "a", at: "1s", do: "partition" },
      ...{ from: "process[0]", to: "process[1]" },
    }],
  }, "faults.0.to"],
  [{
    catalog: {
      ...LEAST.catalog as Json,
      flash: { products: 1, stock: 1, opensAt: "1s" },
    },
  }, "catalog.flash.opensAt"],
  [{
    catalog: {
      ...LEAST.catalog as Json,
      flash: { products: 1, stock: 1, limitPerUser: 2 },
    },
  }, "catalog.flash.limitPerUser"],
];

Deno.test("values that do not fit together are refused at their place", () => {
  for (const [changes, place] of MISFITS) refused(changes, place);
});

Deno.test("a seed draws the same from a range each time, others other", () => {
  const changes = {
    scale: { uniform: [0.1, 0.9] },
    topology: { shopWorkers: { uniform: [1, 8] } },
    cache: { ttl: { uniform: ["500ms", "2s"] } },
    load: [{ phase: "all", open: { rate: { uniform: ["10/s", "90/s"] } } }],
    network: { lossPercent: { uniform: [0, 2] } },
  };
  assert.deepEqual(resolve(changes, 7), resolve(changes, 7));
  const drawn = Array.from({ length: 50 }, (_, seed) => resolve(changes, seed));
  const workers = new Set(
    drawn.map(({ config }) => config.topology.shopWorkers),
  );
  assert.deepEqual([...workers].sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
  for (const { scale, config } of drawn) {
    assert.ok(scale >= 0.1 && scale <= 0.9);
    assert.ok(Number.isInteger(config.cache.ttlMs));
    assert.ok(config.cache.ttlMs >= 500 && config.cache.ttlMs <= 2_000);
  }
});

Deno.test("a range that is added moves no other draw", () => {
  const ttl = { cache: { ttl: { uniform: ["1s", "9s"] } } };
  const more = { ...ttl, topology: { cacheNodes: { uniform: [1, 9] } } };
  for (let seed = 0; seed < 20; seed++) {
    const [one, other] = [resolve(ttl, seed), resolve(more, seed)];
    assert.equal(one.config.cache.ttlMs, other.config.cache.ttlMs);
  }
});

Deno.test("a range is refused when an end is, or when it is none", () => {
  refused({ scale: { uniform: [1, 0.5] } }, "scale: expected a range of two");
  refused({ scale: { uniform: [1] } }, "scale: expected a range of two");
  refused({
    cache: { ttl: { uniform: ["1s", 5] } },
  }, "cache.ttl: expected a range");
  refused({
    load: [{ phase: "all", open: { rate: { uniform: ["1/s", "1/m"] } } }],
  }, "load.0.open.rate: expected a range");
  refused({
    topology: { shopWorkers: { uniform: [1, 65] } },
  }, "topology.shopWorkers: expected an integer from 1 to 64, found 65");
  refused({
    topology: { shopWorkers: { uniform: [0, 4] } },
  }, "topology.shopWorkers: expected an integer from 1 to 64, found 0");
});

Deno.test("drawn values that do not fit together name the seed", () => {
  const file = parseScenario(
    JSON.stringify({
      ...LEAST,
      clock: {
        duration: { uniform: ["2s", "20s"] },
        warmup: { uniform: ["1s", "19s"] },
      },
    }),
    "x.json",
  );
  const lines = Array.from({ length: 50 }, (_, seed) => {
    try {
      resolveScenario(file, seed);
      return null;
    } catch (error) {
      return (error as ScenarioError).lines[0]!;
    }
  });
  assert.ok(lines.includes(null));
  const refusals = lines.filter((line) => line !== null);
  assert.ok(refusals.length > 0);
  for (const line of refusals) {
    assert.match(line, /^x\.json with seed \d+: clock\.warmup: expected less/);
  }
});

Deno.test("every draw lies between the ends and has their unit", () => {
  const ends = fc.tuple(fc.nat(1e6), fc.nat(1e6))
    .map(([one, other]) => [Math.min(one, other), Math.max(one, other)]);
  const units = fc.constantFrom("ms", "s", "/s", "/10s", "MB", "%", "");
  fc.assert(fc.property(ends, units, fc.nat(), ([least, most], unit, seed) => {
    const written = (end?: number) => unit === "" ? end : `${end}${unit}`;
    const range = { uniform: [written(least), written(most)] };
    const { value, problems } = drawRanges({ x: range }, { seed });
    assert.deepEqual(problems, []);
    const { x } = value as { x: string | number };
    const [, amount, found] = /^([\d.]+)(.*)$/.exec(`${x}`)!;
    const inMs = unit === "s" ? 1000 : 1;
    assert.ok(
      Number(amount) >= least! * inMs && Number(amount) <= most! * inMs,
    );
    assert.equal(found, unit === "s" ? "ms" : unit);
  }));
});

Deno.test("durations come back as the same microseconds", () => {
  fc.assert(fc.property(fc.nat(2 ** 31 - 1), (us) => {
    assert.equal(parseUs(formatUs(us)), us);
  }));
  assert.equal(parseUs("0.3m"), 18_000_000);
  assert.equal(parseUs(formatUs(366 * 86_400_000_000)), 366 * 86_400_000_000);
  assert.equal(parseUs("5"), null);
});
