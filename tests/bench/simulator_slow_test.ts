/** The whole shop in the contests of simulators, for a moment. */
import assert from "node:assert/strict";
import { runArm } from "../../bench/actors/arms.ts";
import { SHOP_ARM } from "../../bench/simulator.ts";
import { granted } from "../permission.ts";

Deno.test({
  name: "the shop of the record minute passes and counts its messages",
  ignore: !granted("run", "read"),
  async fn() {
    const task = { name: "shop", milliseconds: 1, sizes: { n: 1 }, count: 1 };
    const { more } = await runArm(SHOP_ARM, task);
    assert.ok(more.messages! > 0 && more.events! > 0);
  },
});
