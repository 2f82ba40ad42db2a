/** Every program in the contests of limiters, with a few decisions. */
import assert from "node:assert/strict";
import { runArm } from "../../bench/actors/arms.ts";
import { LIMITER_ARMS, LIMITERS } from "../../bench/limiters.ts";
import { verifyPassed } from "../../bench/limiters/users.ts";
import { LIMITER_KINDS } from "../../cluster/limiters/limiter.ts";
import { granted } from "../permission.ts";

const DECISIONS = 20_000;

for (const [index, arm] of LIMITER_ARMS.entries()) {
  Deno.test({
    name: `${arm.name} admits users and counts them`,
    ignore: !granted("run", "read"),
    async fn() {
      const own = [...LIMITER_KINDS, "shared-token-bucket", "admission"];
      const both = ["token-bucket", "admission"];
      for (const name of index === 0 ? own : both) {
        const task = { name, milliseconds: 1, sizes: { n: DECISIONS } };
        const { seconds } = await runArm(arm, { ...task, count: DECISIONS });
        assert.ok(seconds.length >= 1);
      }
    },
  });
}

Deno.test("every limiter has its contest", () => {
  const names = LIMITERS.map(({ name }) => name);
  for (const kind of LIMITER_KINDS) {
    assert.ok(names.includes(`policies.limiter_${kind}`), kind);
  }
  assert.ok(names.includes("policies.limiter_shared-token-bucket"));
  assert.ok(names.includes("policies.admission"));
});

Deno.test("a limiter that lets not everybody pass is not accepted", () => {
  verifyPassed(100, 100);
  assert.throws(() => verifyPassed(99, 100), /all 100 requests must pass/);
});
