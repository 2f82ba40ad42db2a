/** What must become so, and how soon: met, missed, and undone by a fault. */
import assert from "node:assert/strict";
import { Expectations } from "../../sim/expectations.ts";
import type { Eventually } from "../../sim/scenario_values.ts";
import { Scheduler } from "../../sim/scheduler.ts";

const SECOND = 1_000_000;

/** The number that is watched, from each moment on. */
type Course = readonly (readonly [atSeconds: number, value: number])[];

/** How a wait for fewer than ten ends. */
function wait(
  course: Course,
  condition: Partial<Eventually>,
  { calm = () => 0, heal = 0 }: {
    readonly calm?: (nowSeconds: number) => number | null;
    readonly heal?: number;
  } = {},
) {
  const scheduler = new Scheduler();
  const nowSeconds = () => scheduler.nowUs / SECOND;
  const expectations = new Expectations({
    conditions: [{
      metric: "depth",
      ...{ comparison: "lt", value: 10, unit: "number" },
      ...{ afterUs: null, withinUs: 2 * SECOND, bound: "< 10 within 2s" },
      ...condition,
    }],
    scheduler,
    valueOf: () => course.findLast(([at]) => at <= nowSeconds())![1],
    calmSinceUs: () => {
      const since = calm(nowSeconds());
      return since === null ? null : since * SECOND;
    },
  });
  expectations.start();
  scheduler.at(heal * SECOND, 0, () => expectations.heal());
  while (scheduler.step(60 * SECOND));
  const [{ ok, value, metric, bound }] = expectations.results() as [
    ReturnType<Expectations["results"]>[0],
  ];
  assert.equal(metric, "eventually depth");
  assert.equal(bound, "< 10 within 2s");
  return { ok, value, isDecided: expectations.areDecided };
}

Deno.test("a condition is met that becomes so at the last moment, not after it", () => {
  const in2s = wait([[0, 50], [2, 9]], {});
  assert.deepEqual(in2s, { ok: true, value: 9, isDecided: true });
  const later = wait([[0, 50], [2.1, 9]], {});
  assert.deepEqual(later, { ok: false, value: 50, isDecided: true });
});

Deno.test("what was so before its time does not count", () => {
  const course = [[0, 1], [4, 50]] as const;
  assert.equal(wait(course, { afterUs: 3 * SECOND }).ok, true);
  assert.equal(wait(course, { afterUs: 4 * SECOND }).ok, false);
});

Deno.test("without a time of its own a condition waits for the end of faults", () => {
  const course = [[0, 1], [1, 50], [11, 9]] as const;
  const calm = (now: number) => now >= 1 && now < 10 ? null : now < 1 ? 0 : 10;
  assert.equal(wait(course, {}, { calm, heal: 20 }).ok, true);
  const slow = [[0, 1], [1, 50], [13, 9]] as const;
  assert.equal(wait(slow, {}, { calm, heal: 20 }).ok, false);
});

Deno.test("a condition that never gets its time is not met", () => {
  const never = wait([[0, 1]], {}, { calm: () => null, heal: 20 });
  assert.equal(never.ok, false);
  assert.equal(never.isDecided, false);
});
