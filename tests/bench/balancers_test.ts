/** Every program in the contests of balancers, with few decisions. */
import assert from "node:assert/strict";
import { runArm } from "../../bench/actors/arms.ts";
import { BALANCING, RING_ARMS } from "../../bench/balancers.ts";
import { SERVERS, verifyShares } from "../../bench/balancers/picks.ts";
import { TASKS } from "../../bench/balancers/tasks.ts";
import { granted } from "../permission.ts";

const PICKS = 20_000;

for (const arm of RING_ARMS) {
  Deno.test({
    name:
      `${arm.name} looks keys up in a ring, and every server gets its share`,
    ignore: !granted("run", "read"),
    async fn() {
      const task = { name: "ring", milliseconds: 1, sizes: { n: PICKS } };
      const { seconds } = await runArm(arm, { ...task, count: PICKS });
      assert.ok(seconds.length >= 1);
    },
  });
}

Deno.test("every benchmark of balancers has its task", async () => {
  assert.equal(Object.keys(TASKS).length, BALANCING.length);
  const none = { actors: 0, buffer: 0, producers: 0, consumers: 0, cost: 0 };
  for (const task of Object.values(TASKS)) {
    assert.equal((await task({ ...none, n: 5_000 })).count, 5_000);
  }
});

Deno.test("look-ups that favour a server are not accepted", () => {
  const even = new Map(SERVERS.map((server) => [server, 100]));
  verifyShares(even);
  even.set(SERVERS[3]!, 10);
  assert.throws(() => verifyShares(even), /server-3 must have about its share/);
});
