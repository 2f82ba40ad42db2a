/**
 * Every scenario that comes with the shop, run to its end: it passes all
 * checks and thresholds, or misses the threshold that it is there to miss.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runnerOf } from "../../sim/command.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";
import { granted } from "../permission.ts";

const ignore = !granted("read");
const FOLDER = new URL("../../fixtures/scenarios/", import.meta.url);
const NAMES = ignore ? [] : [...Deno.readDirSync(FOLDER)]
  .map(({ name }) => name)
  .filter((name) => name.endsWith(".json") && name !== "schema.json")
  .sort();

for (const name of NAMES) {
  Deno.test({
    name: `the scenario ${name} ends as it says`,
    ignore,
    fn() {
      const path = new URL(name, FOLDER).pathname;
      const file = parseScenario(Deno.readTextFileSync(path), name);
      const scenario = resolveScenario(file, 1);
      const run = runnerOf({ path, wallMs: () => 0 });
      const { verdict, checks, thresholds } = run(scenario, 1);
      const missed = thresholds.filter(({ ok }) => !ok);
      const failed = checks.filter(({ ok }) => !ok);
      assert.equal(verdict, scenario.expects, JSON.stringify([failed, missed]));
    },
  });
}
