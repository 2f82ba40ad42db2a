/** Rare paths: off in most runs, taken on purpose in some, harmless in all. */
import assert from "node:assert/strict";
import { Buggify, RARE_PATHS, type RarePath } from "../../sim/buggify.ts";
import { runScenario } from "../../sim/run.ts";
import type { RunResult } from "../../sim/run_result.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";
import { scenario } from "./planted_failure.ts";

const PATHS = Object.keys(RARE_PATHS) as RarePath[];

function buggify(seed: number, activatePerMillion: number) {
  const taken: string[] = [];
  const values = { activatePerMillion, firePerMillion: 1_000_000, paths: null };
  const made = new Buggify(seed, values, (path) => void taken.push(path));
  return { made, taken };
}

Deno.test("Buggify leaves each path out of most runs, and takes each in some", () => {
  const runs = Array.from(
    { length: 400 },
    (_, seed) => buggify(seed, 250_000).made.active,
  );
  for (const path of PATHS) {
    const on = runs.filter((active) => active.includes(path)).length;
    assert.ok(on > 60 && on < 140, `${path} is on in ${on} of 400 runs`);
  }
  // Each by itself, so that they come together in ever new ways.
  const together = new Set(runs.map((active) => active.join(" ")));
  assert.ok(together.size > 200, `${together.size} ways`);
});

Deno.test("Buggify takes the same paths at the same times for a seed", () => {
  const draw = (seed: number) => {
    const { made } = buggify(seed, 500_000);
    return PATHS.flatMap((path) =>
      Array.from({ length: 200 }, () => made.fires(path))
    );
  };
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
});

Deno.test("Buggify takes none that is off, and none once it has stopped", () => {
  const off = buggify(1, 0);
  assert.ok(PATHS.every((path) => !off.made.fires(path)));
  const { made, taken } = buggify(1, 1_000_000);
  assert.ok(made.fires("mailbox.of_few"));
  made.stop();
  assert.ok(PATHS.every((path) => !made.fires(path)));
  assert.deepEqual(taken, ["mailbox.of_few"]);
});

/** A small run, and how often it took a path on purpose. */
function run(paths: string[], seed: number): [RunResult, number] {
  const file = parseScenario(
    JSON.stringify(scenario({
      buggify: { activatePercent: 100, firePercent: 100, paths },
      edge: { requestTimeout: "1s" },
      liveness: { within: "60s" },
    })),
    "it",
  );
  let taken = 0;
  const result = runScenario({
    scenario: resolveScenario(file, seed),
    seed,
    catalog: [],
    replay: "",
    wallMs: () => 0,
    recorder: ({ kind }) => {
      if (kind === "rare_path_taken") taken++;
    },
  });
  return [result, taken];
}

for (const path of PATHS) {
  Deno.test(`a shop that takes ${path} whenever it can sells and pays all the same`, () => {
    let seed = 0;
    for (let taken = 0; taken === 0;) {
      assert.ok(++seed <= 9, "it is never taken");
      const [result, count] = run([path], seed);
      taken = count;
      const { checks, thresholds, metrics } = result;
      assert.deepEqual([...checks, ...thresholds].filter(({ ok }) => !ok), []);
      assert.ok(metrics["orders.paid"]! > 0);
    }
  });
}
