/** How fast a shop grows. */
import assert from "node:assert/strict";
import { ScalingSpeed } from "../../cluster/scaling_speed.ts";

const MINUTE_MS = 60_000;

Deno.test("row 60: six processes that join in two minutes are 3 a minute, and who was there before counts for nothing", () => {
  const speed = new ScalingSpeed();
  let members = ["a", "b"];
  speed.note(members, 0);
  assert.equal(speed.perMinute(0), 0);
  for (let joined = 1; joined <= 6; joined++) {
    members = [...members, `new ${joined}`];
    speed.note(members, joined * 15_000);
    assert.equal(speed.perMinute(joined * 15_000), joined / 2);
  }
  // The last joined at 1:30; the first at 0:15 and so leaves the window first.
  assert.equal(speed.perMinute(2.25 * MINUTE_MS - 1), 3);
  assert.equal(speed.perMinute(2.25 * MINUTE_MS), 2.5);
  assert.equal(speed.perMinute(3.5 * MINUTE_MS), 0);
});

Deno.test("who was away for a moment has not joined, who was for two minutes has", () => {
  const speed = new ScalingSpeed();
  const both = ["a", "b"];
  speed.note(both, 0);
  for (const minute of [10, 11, 13]) {
    speed.note(["a"], minute * MINUTE_MS);
    speed.note(both, (minute + 1) * MINUTE_MS);
    assert.equal(speed.perMinute((minute + 1) * MINUTE_MS), 0);
  }
  speed.note(["a"], 20 * MINUTE_MS);
  speed.note(both, 22 * MINUTE_MS);
  assert.equal(speed.perMinute(22 * MINUTE_MS), 0.5);
});

Deno.test("while nobody knows who is there nobody leaves, and nobody joins after that", () => {
  const speed = new ScalingSpeed();
  const both = ["a", "b"];
  for (const [minute, members] of [[0, []], [1, both], [2, []]] as const) {
    speed.note(members, minute * MINUTE_MS);
  }
  speed.note(both, 20 * MINUTE_MS);
  assert.equal(speed.perMinute(20 * MINUTE_MS), 0);
  speed.note([...both, "c"], 21 * MINUTE_MS);
  assert.equal(speed.perMinute(21 * MINUTE_MS), 0.5);
});
