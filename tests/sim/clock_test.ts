/** A thread's clock: exact without drift, monotonic with it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { clockOf, drawDrift } from "../../sim/clock.ts";
import { Scheduler } from "../../sim/scheduler.ts";
import { Streams } from "../../sim/streams.ts";

function at(atUs: number, driftPerMillion = 0) {
  const scheduler = new Scheduler();
  scheduler.at(atUs, 0, () => {});
  scheduler.step(atUs);
  return clockOf(scheduler, { startMs: 1_000, driftPerMillion });
}

Deno.test("a clock that drifts shows its share more or less, and the wall clock does not", () => {
  const hourUs = 3_600_000_000;
  assert.equal(at(hourUs).monotonicMs(), 3_600_000);
  assert.equal(at(hourUs, 1_000).monotonicMs(), 3_603_600);
  assert.equal(at(hourUs, -1_000).monotonicMs(), 3_596_400);
  assert.equal(at(hourUs, 1_000).wallMs(), 3_601_000);
});

Deno.test("a clock is right unless it is told to drift", () => {
  const hourUs = 3_600_000_000;
  assert.equal(at(hourUs, 0).momentOf(3_600_000), hourUs);
});

Deno.test("a clock says the first moment at which it shows a time", () => {
  const drift = fc.integer({ min: -100_000, max: 100_000 });
  fc.assert(fc.property(drift, fc.nat(2 ** 31), (driftPerMillion, us) => {
    const timeMs = us / 1_000;
    const atUs = at(0, driftPerMillion).momentOf(timeMs);
    assert.ok(at(atUs, driftPerMillion).monotonicMs() >= timeMs);
    if (atUs === 0) return;
    assert.ok(at(atUs - 1, driftPerMillion).monotonicMs() < timeMs);
  }));
});

Deno.test("threads drift by different amounts, none by more than it may", () => {
  const drifts = Array.from(
    { length: 100 },
    (_, index) =>
      drawDrift(new Streams(1), `worker-${index}`, { driftPerMillion: 500 }),
  );
  assert.ok(drifts.every((each) => Math.abs(each) <= 500));
  assert.ok(Math.min(...drifts) < -300 && Math.max(...drifts) > 300);
  assert.ok(new Set(drifts).size > 80);
  const wrong = { driftPerMillion: 500 };
  assert.equal(drawDrift(new Streams(1), "main", wrong), 0);
  const none = { driftPerMillion: 0 };
  assert.equal(drawDrift(new Streams(1), "worker-0", none), 0);
});
