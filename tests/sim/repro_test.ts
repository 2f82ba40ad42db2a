import assert from "node:assert/strict";
import { failuresOf } from "../../sim/failure.ts";
import {
  compareBuilds,
  parseRepro,
  replay,
  ReproError,
  reproOf,
  scenarioOf,
} from "../../sim/repro.ts";
import { resolveScenario, ScenarioError } from "../../sim/scenario.ts";
import { madeUpRun } from "./made_up_run.ts";
import {
  BUILD,
  fileOf,
  plantedRepro,
  rerun,
  rerunUnder,
  scenario,
  SKU,
  ThirdSale,
} from "./planted_failure.ts";

function through(repro: unknown): string {
  return JSON.stringify(repro, null, 2);
}

Deno.test("a repro keeps the scenario, the seed and how it failed", () => {
  const repro = plantedRepro(7);
  assert.equal(repro.schema, "doorbuster-repro/1");
  assert.deepEqual(repro.scenario, scenario());
  assert.equal(repro.path, "planted.json");
  assert.equal(repro.seed, 7);
  assert.deepEqual(repro.build, BUILD);
  const { verdict, check, key } = repro;
  assert.deepEqual(
    { verdict, check, key },
    { verdict: "invariant", check: "planted.thirdSale", key: SKU },
  );
  assert.match(repro.trace, /^[0-9a-f]{16}$/);
  assert.deepEqual(parseRepro(through(repro), "r.json"), repro);
});

Deno.test("a repro keeps what the seed drew and the faults as they struck", () => {
  const { decisions } = plantedRepro(1);
  assert.deepEqual(Object.keys(decisions.drawn).sort(), [
    "faults.1.at",
    "load.1.open.rate",
  ]);
  const resolved = resolveScenario(fileOf(scenario()), 1);
  const { time } = resolved.faults[1]!;
  assert.equal(time.kind, "at");
  if (time.kind !== "at") return;
  assert.equal(decisions.drawn["faults.1.at"], `${time.atUs / 1_000}ms`);
  assert.deepEqual(
    decisions.faults.map(({ id }) => id).sort(),
    ["shard", "slow", "worker"],
  );
});

Deno.test("a replay reaches the same event, from what the file says alone", () => {
  for (const seed of [1, 2, 3]) {
    const repro = parseRepro(through(plantedRepro(seed)), "r.json");
    const again = replay(repro, scenarioOf(repro, "r.json"), rerun);
    assert.deepEqual(again.differences, []);
    const { check, key, atUs } = again.failure!;
    assert.deepEqual([check, key, atUs], [repro.check, repro.key, repro.atUs]);
    assert.equal(again.result.trace, repro.trace);
    assert.equal(again.result.events, repro.events);
    assert.deepEqual(again.excerpt, repro.excerpt);
  }
});

Deno.test("a missed threshold replays as a violation does", () => {
  const thresholds = [{ metric: "offered", lt: 1 }];
  const file = fileOf(scenario({ thresholds, faults: [] }));
  const unchecked = rerunUnder(() => []);
  const result = unchecked(resolveScenario(file, 1), 1);
  const [failure] = failuresOf(result);
  assert.deepEqual(
    [failure?.verdict, failure?.check, failure?.key],
    ["threshold", "offered", "< 1"],
  );
  const run = { file, result, failure: failure!, build: BUILD };
  const repro = reproOf(run, unchecked);
  assert.deepEqual(replay(repro, file, unchecked).differences, []);
  // A graver one beside it is not the one that was looked for.
  assert.equal(replay(repro, file, rerun).failure?.check, "offered");
});

Deno.test("a replay that goes another way says where it differs", () => {
  const repro = plantedRepro(1);
  const file = fileOf(scenario());
  const { differences } = replay({ ...repro, seed: 2 }, file, rerun);
  const names = differences.map((line) => line.split(":")[0]);
  for (const name of ["atUs", "trace", "faults.1.at", "load.1.open.rate"]) {
    assert.ok(names.includes(name), `${name} of ${names}`);
  }
  assert.ok(!names.includes("check"));
  const moved = structuredClone(repro.decisions);
  moved.faults[0]!.fromMs += 1;
  const other = replay({ ...repro, decisions: moved }, file, rerun);
  assert.equal(other.differences.length, 1);
  assert.match(other.differences[0]!, /^fault 1: shard on inventory\[1\] at/);
});

Deno.test("a replay that passes says so", () => {
  const repro = plantedRepro(1);
  const idle = scenario({
    load: [{ phase: "visits", open: { rate: "1/s" }, journeys: ["visitor"] }],
  });
  const { failure, differences } = replay(repro, fileOf(idle), rerun);
  assert.equal(failure, null);
  assert.equal(differences[0], "verdict: invariant then, passed now");
});

Deno.test("a run that does not repeat is not saved", () => {
  const file = fileOf(scenario());
  const result = rerun(resolveScenario(file, 1), 1);
  const [failure] = failuresOf(result);
  const run = {
    file,
    result: { ...result, trace: "0123456789abcdef" },
    failure: failure!,
    build: BUILD,
  };
  assert.throws(() => reproOf(run, rerun), /a second run of it goes another/);
});

Deno.test("builds are compared by version, Deno and V8", () => {
  assert.deepEqual(compareBuilds(BUILD, BUILD), []);
  assert.deepEqual(compareBuilds(BUILD, { ...BUILD, v8: "15.1" }), [
    "v8: 15.0 then, 15.1 now",
  ]);
});

Deno.test("a broken repro is refused in one line that names the place", () => {
  const repro = plantedRepro(1);
  const refused: [unknown, RegExp][] = [
    [{ ...repro, schema: "doorbuster/1" }, /^r\.json: schema: expected "door/],
    [{ ...repro, seed: -1 }, /^r\.json: seed: expected an integer.+found -1$/],
    [{ ...repro, trace: "x" }, /^r\.json: trace: expected 16 hexadecimal/],
    [{ ...repro, verdict: "passed" }, /^r\.json: verdict: expected "livene/],
    [{ ...repro, speed: 1 }, /^r\.json: speed: expected .+unknown key$/],
    [{ ...repro, build: {} }, /^r\.json: build\.version: expected a text/],
    [[], /^r\.json: the file: expected an object/],
  ];
  for (const [value, says] of refused) {
    assert.throws(() => parseRepro(through(value), "r.json"), (error) => {
      assert.ok(error instanceof ReproError);
      assert.match(error.message, says);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  }
  assert.throws(
    () => parseRepro("{", "r.json"),
    /r\.json: expected valid JSON/,
  );
  const broken = { ...repro, scenario: { ...repro.scenario, clock: 5 } };
  assert.throws(
    () => scenarioOf(broken, "r.json"),
    (error) =>
      error instanceof ScenarioError &&
      error.message.startsWith("r.json: scenario: clock: expected"),
  );
});

Deno.test("the gravest failure of a result comes first", () => {
  const violation = { check: "b", atUs: 5, key: "P1", detail: "It is." };
  const result = madeUpRun({
    verdict: "invariant",
    checks: [
      { id: "liveness", ok: false, checked: 1 },
      { id: "a", ok: true, checked: 1 },
      { id: "b", ok: false, checked: 9, firstViolation: violation },
    ],
    thresholds: [{ metric: "failed", bound: "= 0", value: 3, ok: false }],
  });
  assert.deepEqual(
    failuresOf(result).map(({ verdict, check, key }) => [verdict, check, key]),
    [
      ["invariant", "b", "P1"],
      ["liveness", "liveness", ""],
      ["threshold", "failed", "= 0"],
    ],
  );
  assert.deepEqual(failuresOf(madeUpRun()), []);
});

Deno.test("a recorder and further checkers leave the trace as it is", () => {
  const resolved = resolveScenario(fileOf(scenario()), 5);
  const seen: string[] = [];
  const plain = rerun(resolved, 5);
  const recorded = rerun(resolved, 5, ({ kind }) => seen.push(kind));
  assert.equal(recorded.trace, plain.trace);
  assert.ok(seen.includes("called") && seen.includes("durable"));
  const found = recorded.checks.find(({ id }) => id === new ThirdSale().id);
  assert.equal(found?.firstViolation?.key, SKU);
});
