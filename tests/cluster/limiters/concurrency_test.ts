/**
 * Adaptive concurrency: the published formula on its worked numbers, and a
 * limit that finds what a server can do.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  AdaptiveConcurrency,
  type ConcurrencyPolicy,
  envoyGradient,
  gradient2,
} from "../../../cluster/limiters/concurrency.ts";

const POLICY: ConcurrencyPolicy = {
  ...{ baseline: "usual", minimum: 4, initial: 100, maximum: 1_000 },
};

Deno.test("row 45: Gradient2 moves a limit of 100 to 100.8, 95.8 and 90.8", () => {
  const limits = [10, 20, 40].map((latencyMs) => gradient2(100, 10, latencyMs));
  const rounded = limits.map((limit) => Math.round(limit * 1e6) / 1e6);
  assert.deepEqual(rounded, [100.8, 95.8, 90.8]);
});

Deno.test("row 45: Envoy's gradient moves a limit of 100 to 72.5 and 135", () => {
  assert.equal(envoyGradient(100, 25, 50), 72.5);
  assert.equal(envoyGradient(100, 25, 25), 135);
});

/** A concurrency limit whose calls all come at once and end together. */
class Rush {
  readonly concurrency: AdaptiveConcurrency;
  #nowMs = 0;

  constructor(more: Partial<ConcurrencyPolicy> = {}) {
    this.concurrency = new AdaptiveConcurrency({ ...POLICY, ...more });
  }

  /** Windows in which as many calls as may end take so long; the new limit. */
  play(windows: number, latencyMs: (underWay: number) => number): number {
    const { concurrency } = this;
    for (let window = 0; window < windows; window++) {
      while (concurrency.hasRoom) concurrency.begin();
      this.#nowMs += 100;
      const { underWay } = concurrency.report();
      for (let call = 0; call < underWay; call++) {
        concurrency.ended(latencyMs(underWay), this.#nowMs);
      }
    }
    return concurrency.report().limit;
  }
}

Deno.test("AdaptiveConcurrency refuses whoever comes beyond its limit, and counts him", () => {
  const concurrency = new AdaptiveConcurrency(POLICY);
  for (let call = 0; call < 100; call++) concurrency.begin();
  assert.equal(concurrency.hasRoom, false);
  concurrency.refuse();
  concurrency.abandoned();
  assert.equal(concurrency.hasRoom, true);
  assert.deepEqual(concurrency.report(), {
    ...{ limit: 100, underWay: 99, refused: 1, baselineMs: 0 },
  });
});

for (const baseline of ["usual", "least"] as const) {
  Deno.test(`AdaptiveConcurrency by the ${baseline} grows up to its maximum while calls take no longer`, () => {
    const rush = new Rush({ baseline });
    assert.ok(rush.play(100, () => 10) > 150);
    assert.equal(rush.play(2_000, () => 10), 1_000);
  });

  Deno.test(`AdaptiveConcurrency by the ${baseline} shrinks to its minimum when calls take longer, and recovers`, () => {
    const rush = new Rush({ baseline, minimum: 20 });
    rush.play(20, () => 10);
    assert.equal(rush.play(30, () => 60), 20);
    assert.ok(rush.play(400, () => 10) > 100);
  });
}

Deno.test("AdaptiveConcurrency does not grow while nobody comes near its limit", () => {
  const { concurrency } = new Rush();
  for (let call = 0; call < 5_000; call++) {
    concurrency.begin();
    concurrency.ended(10, call);
  }
  assert.equal(concurrency.report().limit, 100);
});

/** It does 10 at a time in 10 ms each: more only wait. */
function served(underWay: number): number {
  return Math.max(10, underWay);
}

Deno.test("AdaptiveConcurrency by the usual keeps a rush of ten minutes near what a server can do", () => {
  const rush = new Rush({ minimum: 8, initial: 8 });
  rush.play(20, () => 10);
  for (const windows of [300, 5_700]) {
    const limit = rush.play(windows, served);
    assert.ok(limit >= 10 && limit <= 60, `${limit}`);
  }
});

/** Windows in which `calls` calls, far from any limit, take so long. */
function calm(concurrency: AdaptiveConcurrency, from: number, to: number) {
  return (latencyMs: number, calls = 10) => {
    for (let window = from; window < to; window++) {
      for (let call = 0; call < calls; call++) concurrency.begin();
      for (let call = 0; call < calls; call++) {
        concurrency.ended(latencyMs, window * 100);
      }
    }
    return concurrency.report().baselineMs;
  };
}

Deno.test("AdaptiveConcurrency by the usual follows a shop that gets slower while there is room", () => {
  const { concurrency } = new Rush();
  assert.equal(calm(concurrency, 0, 20)(10), 10);
  const minuteMs = calm(concurrency, 20, 620)(20);
  assert.ok(minuteMs > 17 && minuteMs < 20, `${minuteMs} after a minute`);
});

Deno.test("AdaptiveConcurrency by the usual forgets within seconds what was over twice as slow", () => {
  const { concurrency } = new Rush();
  assert.equal(calm(concurrency, 0, 20)(100), 100);
  // By the mean of a minute alone it would be 90 after 5 s, and 36 after 60.
  const baselineMs = calm(concurrency, 20, 70)(10);
  assert.ok(baselineMs <= 20, `${baselineMs} after 5 s`);
  assert.ok(baselineMs > 15, `${baselineMs}: from twice on by the mean`);
});

Deno.test("AdaptiveConcurrency by the least keeps an overload of many minutes there", () => {
  const rush = new Rush({ baseline: "least", minimum: 8, initial: 8 });
  rush.play(20, () => 10);
  const limit = rush.play(600, served);
  assert.ok(limit >= 10 && limit <= 40, `${limit}`);
  // What was quickest is measured anew each minute, with a queue in it.
  assert.ok(rush.play(3_000, served) <= 200);
});

Deno.test("AdaptiveConcurrency by the least knows the quickest of this minute and of the one before", () => {
  const rush = new Rush({ baseline: "least", minimum: 20, maximum: 100 });
  const baselineMs = () => rush.concurrency.report().baselineMs;
  // Its calls end together, so the last window has one of the next rush.
  rush.play(599, () => 10);
  rush.play(601, () => 20);
  assert.equal(baselineMs(), 10);
  rush.play(1, () => 20);
  assert.equal(baselineMs(), 20);
});

Deno.test("AdaptiveConcurrency learns nothing from a clock that stands still", () => {
  for (const baseline of ["usual", "least"] as const) {
    const { concurrency } = new Rush({ baseline, initial: 10 });
    const window = (latencyMs: number, nowMs: number) => {
      for (let call = 0; call < 10; call++) concurrency.begin();
      for (let call = 0; call < 10; call++) concurrency.ended(latencyMs, nowMs);
    };
    window(10, 100);
    const learned = concurrency.report();
    window(0, 200);
    assert.deepEqual(concurrency.report(), learned);
  }
});

Deno.test("AdaptiveConcurrency refuses bounds that are not in order", () => {
  for (
    const bad of [{ minimum: 0 }, { initial: 3 }, { maximum: 99 }, {
      maximum: 1e7,
    }]
  ) {
    assert.throws(
      () => new AdaptiveConcurrency({ ...POLICY, ...bad }),
      RangeError,
    );
  }
});
