import assert from "node:assert/strict";
import fc from "fast-check";
import { type Failure, failuresOf, isAlike } from "../../sim/failure.ts";
import { resolveScenario, ScenarioError } from "../../sim/scenario.ts";
import { shrink, type ShrinkOptions } from "../../sim/shrink.ts";
import { ddmin } from "../../sim/shrink/ddmin.ts";
import { differencesOf } from "../../sim/shrink/differences.ts";
import { type Json, knobsOf } from "../../sim/shrink/reductions.ts";
import { drawRanges } from "../../sim/ranges.ts";
import { fileOf, rerun, rerunUnder, scenario, SKU } from "./planted_failure.ts";

const FAILURE: Failure = {
  verdict: "invariant",
  check: "a.check",
  key: "P1",
  atUs: 2_000_500,
  detail: "It is so.",
};

/** The parts of a scenario that tests ask about. */
interface Parts {
  clock: { duration: string };
  catalog: { products: number };
  journeys: Record<string, unknown>;
  load: { phase: string; open?: { rate: string }; users?: number }[];
  faults: { id: string }[];
  thresholds?: { metric: string }[];
}

function partsOf(json: Json): Parts {
  // Made by this file's own tests.
  return json as unknown as Parts;
}

/** Shrinks without any run: a scenario fails when `fails` says so. */
function shrinkBy(
  fails: (parts: Parts) => boolean,
  options: Partial<ShrinkOptions> = {},
) {
  const asked: Json[] = [];
  const shrunk = shrink({
    scenario: drawn(scenario()),
    failure: FAILURE,
    maxRuns: 200,
    attempt(candidate) {
      asked.push(candidate);
      return fails(partsOf(candidate)) ? FAILURE : null;
    },
    ...options,
  });
  return { ...shrunk, asked };
}

function drawn(value: unknown): Json {
  return drawRanges(value, { seed: 1 }).value as Json;
}

/** Shrinks by running, as the command does. */
function shrinkByRunning(value: unknown, run = rerun, seed = 1) {
  const attempt = (candidate: Json): Failure[] | "invalid" => {
    try {
      return failuresOf(run(resolveScenario(fileOf(candidate), seed), seed));
    } catch (error) {
      if (error instanceof ScenarioError) return "invalid";
      throw error;
    }
  };
  const found = attempt(drawn(value));
  const failure = found[0] as Failure;
  return shrink({
    scenario: drawn(value),
    failure,
    maxRuns: 200,
    attempt(candidate) {
      const failures = attempt(candidate);
      if (failures === "invalid") return failures;
      return failures.find((each) => isAlike(each, failure)) ?? null;
    },
  });
}

/** Shrunk once for all tests that ask about it. */
const planted = shrinkByRunning(scenario());

Deno.test("a third sale needs one buyer, one product and no fault", () => {
  const { scenario: small, failure, runs, removed, isMinimal } = planted;
  const { faults, load, journeys, catalog } = partsOf(small);
  assert.deepEqual(faults, []);
  assert.deepEqual(load.map(({ phase }) => phase), ["sale"]);
  assert.deepEqual(Object.keys(journeys), ["buyer"]);
  assert.equal(catalog.products, 1);
  assert.equal(load[0]?.users, 1);
  assert.equal(failure.check, "planted.thirdSale");
  assert.equal(failure.key, SKU);
  assert.ok(isMinimal && runs <= 200, `${runs} runs`);
  for (const line of ["faults.shard: removed", "load.visits: removed"]) {
    assert.ok(removed.includes(line), removed.join("\n"));
  }
});

Deno.test("no single step makes a shrunk scenario smaller", () => {
  const second = shrinkByRunning(planted.scenario);
  assert.deepEqual(second.scenario, planted.scenario);
  assert.deepEqual(second.removed, []);
});

Deno.test("shrinking takes the same way each time", () => {
  assert.deepEqual(shrinkByRunning(scenario()), planted);
});

Deno.test("a threshold that a fault misses keeps that fault alone", () => {
  const thresholds = [
    { metric: "latency.place_order", q: 0.5, lt: "0.001ms" },
    { metric: "restarts", eq: 0 },
  ];
  const value = scenario({ thresholds: thresholds.toReversed() });
  const { scenario: small, failure } = shrinkByRunning(
    value,
    rerunUnder(() => []),
  );
  const parts = partsOf(small);
  assert.equal(failure.check, "restarts");
  assert.deepEqual(parts.faults.map(({ id }) => id), ["worker"]);
  assert.deepEqual(parts.thresholds, [thresholds[1]]);
  assert.equal(parts.load.length, 1);
});

Deno.test("the run ends just behind the first violation", () => {
  const { scenario: small } = shrinkBy(
    ({ load }) => load.some(({ phase }) => phase === "sale"),
    { maxRuns: 1 },
  );
  assert.equal(partsOf(small).clock.duration, "2001ms");
  // What would begin behind the end went with it, in the same run.
  const ids = partsOf(small).faults.map(({ id }) => id);
  assert.deepEqual(ids, ["shard", "slow"]);
});

Deno.test("what a failure needs stays", () => {
  const { scenario: small, isMinimal } = shrinkBy((parts) =>
    parts.faults.some(({ id }) => id === "slow") &&
    parts.catalog.products >= 5 && parts.load.length === 2 &&
    Object.hasOwn(parts.journeys, "visitor")
  );
  const parts = partsOf(small);
  assert.deepEqual(parts.faults.map(({ id }) => id), ["slow"]);
  assert.equal(parts.catalog.products, 8);
  assert.deepEqual(parts.load.map(({ phase }) => phase), ["visits", "sale"]);
  assert.deepEqual(Object.keys(parts.journeys), ["visitor"]);
  assert.ok(isMinimal);
});

Deno.test("rates are halved down to a client in a thousand seconds", () => {
  const { scenario: small } = shrinkBy(({ load }) =>
    load.length === 1 && /^[1-9]/.test(load[0]!.open!.rate)
  );
  assert.match(partsOf(small).load[0]!.open!.rate, /^1\/1024s$/);
});

Deno.test("a threshold that an empty shop would miss too keeps its load", () => {
  for (
    const more of [
      { thresholds: [{ metric: "ok", gt: 1_000_000 }] },
      { sometimes: ["order_expired"] },
    ]
  ) {
    const value = drawn(scenario(more));
    const check = "sometimes" in more ? "sometimes order_expired" : "ok";
    const failure: Failure = {
      ...FAILURE,
      verdict: "threshold",
      check,
    };
    const { scenario: small } = shrink({
      scenario: value,
      failure,
      maxRuns: 200,
      attempt: () => failure,
    });
    const { faults: _, ...rest } = small;
    const { faults: __, ...before } = value;
    assert.deepEqual(rest, before);
    assert.deepEqual(partsOf(small).faults, []);
  }
});

Deno.test("a failure of another check does not count", () => {
  const other = { ...FAILURE, check: "another.check" };
  const { scenario: small, removed } = shrinkBy(() => true, {
    attempt: () => other,
  });
  assert.deepEqual(small, drawn(scenario()));
  assert.deepEqual(removed, []);
});

Deno.test("another key of the same check counts, another bound does not", () => {
  assert.ok(isAlike(FAILURE, { ...FAILURE, key: "P2" }));
  const missed: Failure = { ...FAILURE, verdict: "threshold", key: "< 5ms" };
  assert.ok(isAlike(missed, { ...missed, atUs: 1 }));
  assert.ok(!isAlike(missed, { ...missed, key: "< 9ms" }));
});

Deno.test("shrinking ends when its runs or its time are spent", () => {
  for (const maxRuns of [0, 1, 5]) {
    const { runs, isMinimal, asked } = shrinkBy(() => true, { maxRuns });
    assert.equal(runs, maxRuns);
    assert.equal(asked.length, maxRuns);
    assert.ok(!isMinimal);
  }
  let looks = 0;
  const { runs, isMinimal } = shrinkBy(() => true, {
    isTimeUp: () => ++looks > 3,
  });
  assert.equal(runs, 3);
  assert.ok(!isMinimal);
});

Deno.test("what is no scenario costs no run", () => {
  let asked = 0;
  const { runs, isMinimal } = shrinkBy(() => true, {
    attempt() {
      asked++;
      return "invalid";
    },
  });
  assert.equal(runs, 0);
  assert.ok(asked > 5 && isMinimal);
});

Deno.test("nothing is run twice, and progress counts the runs", () => {
  const counted: number[] = [];
  const { asked, runs } = shrinkBy(({ faults }) => faults.length >= 2, {
    progress: (count) => counted.push(count),
  });
  assert.equal(new Set(asked.map((each) => JSON.stringify(each))).size, runs);
  assert.deepEqual(counted, Array.from({ length: runs }, (_, at) => at + 1));
});

Deno.test("ddmin leaves exactly what is needed", () => {
  const items = Array.from({ length: 24 }, (_, index) => index);
  fc.assert(fc.property(fc.subarray(items), (needed) => {
    const kept = ddmin(
      items,
      0,
      (part) => needed.every((item) => part.includes(item)),
    );
    assert.deepEqual(kept, needed);
  }));
});

Deno.test("ddmin keeps as many as must be there, and none can go", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: 0, max: 3 }),
    // Any test at all, also one where less is not always less.
    fc.func(fc.boolean()),
    (length, least, fails) => {
      const items = Array.from({ length }, (_, index) => index);
      const kept = ddmin(items, least, (part) => fails([...part]));
      assert.ok(kept.length >= Math.min(least, length));
      if (kept.length <= least) return;
      for (const item of kept) {
        const rest = kept.filter((each) => each !== item);
        if (kept.length > 1) assert.ok(!fails(rest));
      }
    },
  ));
});

Deno.test("users and products fall to one at once, or by halves", () => {
  const value = drawn(scenario());
  for (const { least, halve } of knobsOf(value)) {
    assert.notDeepEqual(halve(value), value);
    if (least !== null) assert.deepEqual(halve(least(value)), least(value));
  }
});

Deno.test("differences name the place, what it was and what it is", () => {
  const before = {
    clock: { duration: "60s", warmup: "2s" },
    faults: [{ id: "a" }, { id: "b", at: "1s" }],
    thresholds: [{ metric: "ok", gt: 5 }],
    load: [{ phase: "rush", open: { curve: [["0s", "400000/s"]] } }],
  };
  const after = {
    clock: { duration: "1s" },
    faults: [{ id: "b", at: "1s" }],
    thresholds: [],
    load: [{ phase: "rush", open: { curve: [["0s", "2/s"]] }, users: 1 }],
  };
  assert.deepEqual(differencesOf(before, after), [
    "clock.duration: 60s → 1s",
    "clock.warmup: removed",
    "faults.a: removed",
    "thresholds.ok 5: removed",
    'load.rush.open.curve: [["0s","400000/s"]] → [["0s","2/s"]]',
    "load.rush.users: unset → 1",
  ]);
});

Deno.test("of all that happens by chance only what the failure needs is left", () => {
  const chances = {
    clock: { duration: "6s", driftPerMillion: 50 },
    network: { lossPercent: 1, reorderPercent: 2 },
    buggify: { activatePercent: 100 },
  };
  type Chances = Parts & {
    clock: { driftPerMillion?: number };
    network?: { lossPercent?: number; reorderPercent?: number };
    buggify?: { paths?: string[] };
  };
  const needs = (parts: Parts) => {
    const { network, buggify } = parts as Chances;
    if (network?.reorderPercent === undefined) return false;
    return buggify !== undefined &&
      (buggify.paths?.includes("disk.full") ?? true);
  };
  const { scenario: shrunk } = shrinkBy(needs, {
    scenario: drawn(scenario(chances)),
  });
  const { clock, network, buggify } = partsOf(shrunk) as Chances;
  assert.equal(clock.driftPerMillion, undefined);
  assert.deepEqual(network, { reorderPercent: 2 });
  assert.deepEqual(buggify?.paths, ["disk.full"]);
  const { scenario: other } = shrinkBy(() => true, {
    scenario: drawn(scenario(chances)),
  });
  assert.equal((partsOf(other) as Chances).buggify, undefined);
});
