/** Every program in the contests of simulators, with a tiny model. */
import assert from "node:assert/strict";
import { runArm } from "../../bench/actors/arms.ts";
import { isThere, SIMPY } from "../../bench/programs.ts";
import { SIMULATOR, SIMULATOR_ARMS } from "../../bench/simulator.ts";
import { verifyHold, verifySojourn } from "../../bench/simulator/models.ts";
import { granted } from "../permission.ts";

const TASKS = SIMULATOR.map(({ name }) => name.replace("simulator.", ""));
const MODELS = ["mm1", "phold"];
const EVENTS = 20_000;

for (const arm of SIMULATOR_ARMS) {
  const isMissing = arm.name.startsWith("SimPy") && !isThere(SIMPY);
  Deno.test({
    name: `${arm.name} plays both models and counts their events`,
    ignore: !granted("run", "read") || isMissing,
    async fn() {
      assert.deepEqual(TASKS, [...MODELS, "shop"]);
      for (const name of MODELS) {
        const task = { name, milliseconds: 1, sizes: { n: EVENTS } };
        const { seconds } = await runArm(arm, { ...task, count: EVENTS });
        assert.ok(seconds.length >= 1);
      }
    },
  });
}

Deno.test("a model that was played otherwise is not accepted", () => {
  verifySojourn(5.2, 500_000);
  assert.throws(() => verifySojourn(5.3, 500_000), /mean sojourn/);
  assert.throws(() => verifySojourn(4.7, 500_000), /mean sojourn/);
  verifyHold(1_000, 1_024_000);
  assert.throws(() => verifyHold(1_007, 1_024_000), /the end of PHOLD/);
});
