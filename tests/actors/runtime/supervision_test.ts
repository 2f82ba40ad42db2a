/** When a crashed actor runs again, and which message is not run again. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decideRestart,
  Quarantine,
  recentFailures,
  type RestartSpec,
} from "../../../actors/runtime/supervision.ts";

const spec: RestartSpec = {
  maxRestarts: 5,
  periodMs: 10_000,
  backoffMinMs: 100,
  backoffMaxMs: 1_000,
};
/** The draw that spreads nothing. */
const MIDDLE = 2 ** 31;

function decide(failuresMs: readonly number[], random = MIDDLE) {
  return decideRestart(spec, failuresMs, random);
}

Deno.test("the first restart is at once, each further one later, up to a cap", () => {
  const failuresMs = [0, 1, 2, 3, 4];
  const delays = failuresMs.map((_, index) =>
    decide(failuresMs.slice(0, index + 1)).delayMs
  );
  assert.deepEqual(delays, [0, 100, 200, 400, 800]);
  const patient = { ...spec, maxRestarts: 50 };
  const many = Array.from({ length: 50 }, (_, index) => index);
  assert.equal(decideRestart(patient, many, MIDDLE).delayMs, 1_000);
});

// G20
Deno.test("one crash more than the budget keeps an actor down, for now", () => {
  assert.equal(decide([0, 1, 2, 3, 4]).action, "restart");
  assert.deepEqual(decide([0, 1, 2, 3, 4, 5]), {
    action: "stay_down",
    delayMs: 1_000,
  });
  const none = decideRestart({ ...spec, maxRestarts: 0 }, [7], MIDDLE);
  assert.equal(none.action, "stay_down");
});

Deno.test("a crash counts for the whole period and not a millisecond longer", () => {
  const later = [10_001, 10_002, 10_003, 10_004];
  assert.equal(decide([1, ...later, 10_001]).action, "stay_down");
  assert.equal(decide([0, ...later, 10_001]).action, "restart");
});

Deno.test("delays are spread by a fifth to either side", () => {
  assert.equal(decide([0, 1], 0).delayMs, 80);
  assert.equal(decide([0, 1], 2 ** 32 - 1).delayMs, 120);
});

Deno.test("G20 an actor stays down exactly when a window holds more than its budget", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 6_000 }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(gaps, fc.nat(2 ** 32 - 1), (gapsMs, random) => {
      const allMs: number[] = [];
      let keptMs: number[] = [];
      let nowMs = 0;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        allMs.push(nowMs);
        // As the runtime does: only what still counts is kept.
        keptMs = recentFailures(spec, [...keptMs, nowMs]);
        const inWindow = allMs
          .filter((atMs) => nowMs - atMs <= spec.periodMs).length;
        const { action, delayMs } = decideRestart(spec, keptMs, random);
        assert.equal(
          action,
          inWindow > spec.maxRestarts ? "stay_down" : "restart",
        );
        assert(delayMs <= spec.backoffMaxMs * 1.2);
        assert.equal(delayMs === 0, inWindow === 1);
        assert(keptMs.length <= allMs.length && keptMs.length === inWindow);
      }
    }),
    { seed: 20261111, numRuns: 300 },
  );
});

Deno.test("a kind and key that crashed twice is held; others are not", () => {
  const quarantine = new Quarantine();
  assert(quarantine.isEmpty);
  assert.equal(quarantine.note("reserve", "SKU-1"), 1);
  assert.equal(quarantine.holds("reserve", "SKU-1"), false);
  assert.equal(quarantine.note("reserve", "SKU-1"), 2);
  assert.equal(quarantine.holds("reserve", "SKU-1"), true);
  assert.equal(quarantine.holds("reserve", "SKU-2"), false);
  assert.equal(quarantine.holds("release", "SKU-1"), false);
});

Deno.test("a quarantine forgets what crashed longest ago, never the newest", () => {
  const quarantine = new Quarantine(2);
  for (const key of ["a", "b", "a", "c"]) quarantine.note("reserve", key);
  assert.equal(quarantine.holds("reserve", "a"), true);
  quarantine.note("reserve", "d");
  assert.equal(quarantine.holds("reserve", "a"), false);
  quarantine.note("reserve", "d");
  assert.equal(quarantine.holds("reserve", "d"), true);
});
