/** Ours and nact in every contest, with tiny sizes: what they count is right. */
import assert from "node:assert/strict";
import {
  NACT_ARM,
  OURS,
  OURS_ON_WORKERS,
  PORT_ARM,
  runArm,
  TEXT_PORT_ARM,
} from "../../../bench/actors/arms.ts";
import { further } from "../../../bench/actors/figures.ts";
import { TASKS as OUR_TASKS } from "../../../bench/actors/ours/tasks.ts";
import { allSizes, type Run } from "../../../bench/actors/program.ts";
import { TASKS as NACT_TASKS } from "../../../bench/peers/nact/tasks.ts";
import { granted } from "../../permission.ts";
import { TINY_TASKS, TINY_WORKER_TASKS } from "./tiny_tasks.ts";

const ONCE = { milliseconds: 0 };

const ARMS: readonly [string, Readonly<Record<string, Run>>][] = [
  ["ours", OUR_TASKS],
  ["nact", NACT_TASKS],
];

for (const [arm, tasks] of ARMS) {
  for (const { name, sizes, count } of TINY_TASKS) {
    Deno.test(`${arm} does all of ${name}`, async () => {
      const ran = await tasks[name]!(allSizes(sizes));
      assert.equal(ran.count, count);
    });
  }

  Deno.test(`${arm} runs in no contest that there is not`, () => {
    const names = TINY_TASKS.map(({ name }) => name);
    assert.deepEqual(Object.keys(tasks).toSorted(), names.toSorted());
  });
}

Deno.test({
  name: "the programs of ours and of nact print their figures",
  ignore: !granted("run", "read"),
  async fn() {
    const [task] = TINY_TASKS;
    for (const arm of [OURS, NACT_ARM]) {
      const { seconds } = await runArm(arm, { ...task!, milliseconds: 1 });
      assert.ok(seconds.length >= 1);
    }
  },
});

for (const task of TINY_WORKER_TASKS) {
  Deno.test({
    name: `ours does all of ${task.name} across two workers`,
    ignore: !granted("run", "read"),
    async fn() {
      const { count } = await runArm(OURS_ON_WORKERS, { ...task, ...ONCE });
      assert.equal(count, task.count);
    },
  });
}

Deno.test({
  name: "two workers with a bare port do all that they are asked for",
  ignore: !granted("run", "read"),
  async fn() {
    const [asks, roundTrips] = TINY_WORKER_TASKS;
    await runArm(PORT_ARM, { ...asks!, ...ONCE });
    for (const arm of [OURS_ON_WORKERS, PORT_ARM, TEXT_PORT_ARM]) {
      const figures = await runArm(arm, { ...roundTrips!, ...ONCE });
      assert.ok(further(figures, "p50Us") > 0);
    }
  },
});

Deno.test({
  name: "a program that is asked for what it does not know fails",
  ignore: !granted("run", "read"),
  async fn() {
    const task = { ...TINY_TASKS[0]!, name: "nope", milliseconds: 1 };
    await assert.rejects(runArm(OURS, task), /Cannot run the task "nope"/);
  },
});
