/** The real shop under virtual time: reproducible, and right under faults. */
import assert from "node:assert/strict";
import { runScenario } from "../../sim/run.ts";
import type { RunResult } from "../../sim/run_result.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";
import { granted } from "../permission.ts";

const HARSH = new URL("./everything_at_once.json", import.meta.url);
const LIBRARY = new URL("../../fixtures/scenarios/", import.meta.url);

function run(url: URL, seed: number): RunResult {
  const file = parseScenario(Deno.readTextFileSync(url), url.pathname);
  return runScenario({
    scenario: resolveScenario(file, seed),
    seed,
    catalog: [],
    replay: "",
    wallMs: () => 0,
  });
}

/** What went wrong, for a message. */
function trouble({ checks, thresholds }: RunResult): unknown[] {
  return [...checks, ...thresholds].filter(({ ok }) => !ok);
}

Deno.test({
  name:
    "the same seed gives the same run to the last event, another one another",
  ignore: !granted("read"),
  fn() {
    const url = new URL("flash-sale.json", LIBRARY);
    const [first, again, other] = [run(url, 7), run(url, 7), run(url, 8)];
    assert.deepEqual(again, first);
    assert.notEqual(other.trace, first.trace);
  },
});

/** Nobody is over a limit there, and a shop of one process has no leases. */
const IDLE = ["refusal.costsNothing", "lease.ownerAlone", "lease.takenSoon"];

// G5, G6: seeds 2 and 3 once left holds pinned ten minutes past their deadline.
Deno.test({
  name: "whatever breaks at once, no unit and no order is lost or doubled",
  ignore: !granted("read"),
  fn() {
    for (const seed of [1, 2, 3, 4]) {
      const result = run(HARSH, seed);
      assert.equal(result.verdict, "passed", JSON.stringify(trouble(result)));
      const idle = result.checks.filter(({ checked }) => checked === 0);
      assert.deepEqual(idle.map(({ id }) => id), IDLE, "a check never looked");
    }
  },
});

Deno.test({
  name:
    "whatever rare path is taken, with clocks that drift and mail in any order, no unit and no order is lost",
  ignore: !granted("read"),
  fn() {
    const harsh = JSON.parse(Deno.readTextFileSync(HARSH));
    const text = JSON.stringify({
      ...harsh,
      clock: { ...harsh.clock, driftPerMillion: 20_000 },
      network: { ...harsh.network, reorderPercent: 5 },
      buggify: { activatePercent: 50, firePercent: 25 },
      sometimes: ["rare_path_taken"],
      eventually: [{ metric: "depth", lt: 10, within: "20s" }],
    });
    const file = parseScenario(text, "harsh.json");
    for (const seed of [1, 2, 3]) {
      const result = runScenario({
        ...{ scenario: resolveScenario(file, seed), seed, catalog: [] },
        ...{ replay: "", wallMs: () => 0 },
      });
      assert.equal(result.verdict, "passed", JSON.stringify(trouble(result)));
    }
  },
});

Deno.test({
  name: "what does not become so in time is a threshold that is missed",
  ignore: !granted("read"),
  fn() {
    const url = new URL("retry-storm.json", LIBRARY);
    const scenario = JSON.parse(Deno.readTextFileSync(url));
    const eventually = [
      // Many orders are placed before the end, no fault or not.
      { metric: "orders.placed", gt: 100, after: "0s", within: "40s" },
      { metric: "orders.placed", lt: 100, after: "30s", within: "5s" },
    ];
    const file = parseScenario(JSON.stringify({ ...scenario, eventually }), "");
    const result = runScenario({
      ...{ scenario: resolveScenario(file, 1), seed: 1, catalog: [] },
      ...{ replay: "", wallMs: () => 0 },
    });
    assert.equal(result.verdict, "threshold");
    const missed = result.thresholds.filter(({ ok }) => !ok);
    assert.deepEqual(missed.map(({ bound }) => bound), ["< 100 within 5s"]);
  },
});

Deno.test({
  name: "a scenario that fails by design fails by the threshold that it should",
  ignore: !granted("read"),
  fn() {
    const url = new URL("retry-storm-unbudgeted.json", LIBRARY);
    const result = run(url, 1);
    assert.equal(result.verdict, "threshold");
    const budgeted = run(new URL("retry-storm.json", LIBRARY), 1);
    assert.equal(
      budgeted.verdict,
      "passed",
      JSON.stringify(trouble(budgeted)),
    );
  },
});

Deno.test({
  name: "a check that a scenario names and that never ran is a failure",
  ignore: !granted("read"),
  fn() {
    const url = new URL("short-video.json", LIBRARY);
    const file = JSON.parse(Deno.readTextFileSync(url));
    const always = ["cache.monotonic", "stock.neverUndersold"];
    const named = parseScenario(JSON.stringify({ ...file, always }), "it");
    const result = runScenario({
      scenario: resolveScenario(named, 1),
      seed: 1,
      catalog: [],
      replay: "",
      wallMs: () => 0,
    });
    assert.equal(result.verdict, "invariant");
    const failed = result.checks.filter(({ ok }) => !ok);
    assert.deepEqual(failed.map(({ id }) => id), ["stock.neverUndersold"]);
  },
});
