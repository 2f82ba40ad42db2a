/** Popularity by rank, and the same ranks for the same seed everywhere. */
import assert from "node:assert/strict";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { Zipf } from "../../sim/zipf.ts";

/** 99.9 % of a normal law are within so many deviations. */
const NORMAL = 3.2905;
const SAMPLES = 1_000_000;

/** By definition, for a table of what theory says. */
function shareOfFirst(head: number, items: number, exponent: number): number {
  const weights = Array.from(
    { length: items },
    (_, item) => (item + 1) ** -exponent,
  );
  const sum = (count: number) =>
    weights.slice(0, count).reduce((total, weight) => total + weight, 0);
  return sum(head) / sum(items);
}

/** Samples below `head`, less what is expected, in deviations. */
function deviations(
  drawn: Uint32Array,
  head: number,
  share: number,
): number {
  const count = drawn.reduce((sum, item) => sum + Number(item < head), 0);
  const { length } = drawn;
  return (count - share * length) / Math.sqrt(share * (1 - share) * length);
}

function draw(zipf: Zipf): Uint32Array {
  const random = new SeededRandom(11, "zipf");
  return Uint32Array.from({ length: SAMPLES }, () => zipf.sample(random));
}

// Oracle 22: the share of the first 1, 10 and 100 of 10,000 items.
for (
  const [exponent, shares] of [
    [1, [[1, .1022], [10, .2993], [100, .5300]]],
    [0.8, [[1, .0369], [10, .1315], [100, .3000]]],
  ] as const
) {
  Deno.test(`Zipf draws the first of 10,000 as often as theory says with exponent ${exponent}`, () => {
    const drawn = draw(new Zipf(10_000, exponent));
    // The same bounds see an exponent that is 2 % off.
    const others = draw(new Zipf(10_000, exponent * 1.02));
    for (const [head, published] of shares) {
      const share = shareOfFirst(head, 10_000, exponent);
      assert.equal(share.toFixed(4), published.toFixed(4));
      assert.ok(Math.abs(deviations(drawn, head, share)) < NORMAL);
      assert.ok(Math.abs(deviations(others, head, share)) > NORMAL);
    }
  });
}

Deno.test("Zipf with exponent 0 draws all items alike", () => {
  const drawn = draw(new Zipf(4, 0));
  for (const head of [1, 2, 3]) {
    assert.ok(Math.abs(deviations(drawn, head, head / 4)) < NORMAL);
  }
});

Deno.test("Zipf draws the only item there is, and the last of many", () => {
  const random = new SeededRandom(1);
  assert.equal(new Zipf(1, 1).sample(random), 0);
  const drawn = draw(new Zipf(50, 1));
  assert.equal(new Set(drawn).size, 50);
  assert.equal(Math.max(...new Set(drawn)), 49);
});

Deno.test("Zipf gives the same items for the same seed in every version", () => {
  const zipf = new Zipf(10_000, 1);
  const random = new SeededRandom(42, "golden");
  const drawn = Array.from({ length: 8 }, () => zipf.sample(random));
  assert.deepEqual(drawn, [8374, 206, 0, 368, 133, 16, 1, 9450]);
});

Deno.test("Zipf refuses a table that it cannot make", () => {
  for (const items of [0, -1, 1.5, NaN, 10_000_001]) {
    assert.throws(() => new Zipf(items, 1), RangeError);
  }
  for (const exponent of [-0.1, NaN, 10.1]) {
    assert.throws(() => new Zipf(10, exponent), RangeError);
  }
});
