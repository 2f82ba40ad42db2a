/** Erlang in every contest, with tiny sizes: what it counts is right. */
import assert from "node:assert/strict";
import { type Arm, compileErlang, runArm } from "../../../bench/actors/arms.ts";
import { isThere } from "../../../bench/programs.ts";
import { granted } from "../../permission.ts";
import { TINY_TASKS } from "../actors/tiny_tasks.ts";

// Looking for it needs the environment; nothing is installed here.
const isAble = granted("run", "read", "write", "env");
const ignore = !isAble || !isThere("erl") || !isThere("erlc");

let folder = "";
let erlang: Arm;
let erlangOnTwo: Arm;

Deno.test.beforeAll(async () => {
  if (ignore) return;
  folder = await Deno.makeTempDir({ prefix: "doorbuster-erlang-" });
  ({ onOne: erlang, onTwo: erlangOnTwo } = await compileErlang(folder));
});

Deno.test.afterAll(async () => {
  if (!ignore) await Deno.remove(folder, { recursive: true });
});

for (const task of TINY_TASKS) {
  Deno.test({
    name: `Erlang does all of ${task.name} (where erl is installed)`,
    ignore,
    async fn() {
      const figures = await runArm(erlang, { ...task, milliseconds: 0 });
      assert.equal(figures.count, task.count);
    },
  });
}

Deno.test({
  name: "Erlang does the same with two schedulers",
  ignore,
  async fn() {
    const task = { ...TINY_TASKS[0]!, milliseconds: 0 };
    const { count } = await runArm(erlangOnTwo, task);
    assert.equal(count, task.count);
  },
});

Deno.test({
  name: "Erlang fails where it is asked for what it does not know",
  ignore,
  async fn() {
    const task = { ...TINY_TASKS[0]!, name: "nope", milliseconds: 0 };
    await assert.rejects(runArm(erlang, task), /nope: error .*badkey/);
  },
});
