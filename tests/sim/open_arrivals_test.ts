/** When clients of an open load come. */
import assert from "node:assert/strict";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { OpenArrivals } from "../../sim/open_arrivals.ts";

const SECOND_US = 1_000_000;

function arrivals(
  spacing: "poisson" | "uniform",
  curve: readonly { atUs: number; perSecond: number }[],
): number[] {
  const when = {
    beginUs: 5 * SECOND_US,
    endUs: 25 * SECOND_US,
    random: new SeededRandom(1, "arrivals"),
  };
  const come = new OpenArrivals({ kind: "open", spacing, curve }, when);
  const all: number[] = [];
  let atUs = come.after(when.beginUs);
  while (atUs !== null) {
    all.push(atUs);
    atUs = come.after(atUs);
  }
  return all;
}

Deno.test("a rate that rises from 0 to 1,000/s brings half of 1,000/s", () => {
  const all = arrivals("poisson", [
    { atUs: 0, perSecond: 0 },
    { atUs: 20 * SECOND_US, perSecond: 1_000 },
  ]);
  // 10,000 of a Poisson process, and a quarter of them in the first half: four
  // deviations pass.
  const early = all.filter((atUs) => atUs < 15 * SECOND_US).length;
  assert.ok(Math.abs(all.length - 10_000) < 400, String(all.length));
  assert.ok(Math.abs(early - 2_500) < 200, String(early));
});

Deno.test("uniform arrivals of a constant rate are evenly spaced", () => {
  const all = arrivals("uniform", [{ atUs: 0, perSecond: 10 }]);
  assert.equal(all.length, 199);
  assert.ok(
    all.every((atUs, index) => atUs === 5_000_000 + 100_000 * (index + 1)),
  );
});

Deno.test("at a rate of 0 nobody comes", () => {
  assert.deepEqual(arrivals("poisson", [{ atUs: 0, perSecond: 0 }]), []);
});
