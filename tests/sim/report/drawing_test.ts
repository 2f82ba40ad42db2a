/** The parts of the report that make drawings and text out of numbers. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { figure } from "../../../sim/report/figures.ts";
import { escaped } from "../../../sim/report/markup.ts";
import { linePath, stacked } from "../../../sim/report/paths.ts";
import {
  linear,
  octaves,
  tenfold,
  timeTicks,
} from "../../../sim/report/scales.ts";
import { thin } from "../../../sim/report/thinning.ts";
import { madeUpSeries } from "../made_up_run.ts";

Deno.test("Text comes back from its escaped form as it was", () => {
  const entities = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  const back = (text: string) =>
    Object.entries(entities).toReversed().reduce(
      (rest, [name, character]) => rest.replaceAll(`&${name};`, character),
      text,
    );
  fc.assert(fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => {
    const safe = escaped(text);
    assert.doesNotMatch(safe, /[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/);
    assert.equal(back(safe), text);
  }));
});

Deno.test("Thinning loses no count and hides no peak", () => {
  const counts = fc.array(fc.nat(9_999), { maxLength: 700 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 90 }), (all, most) => {
      const series = thin({
        ...madeUpSeries(0),
        bucketMs: 10,
        offered: all,
        p99Ms: all,
        depths: { cache: all },
        stock: { mug: { available: all, held: all, sold: all } },
      }, most);
      const total = (values: readonly number[]) =>
        values.reduce((sum, value) => sum + value, 0);
      assert(series.offered.length <= most);
      assert.equal(total(series.offered), total(all));
      assert.equal(Math.max(...series.p99Ms, 0), Math.max(...all, 0));
      assert.equal(
        Math.max(...series.depths.cache ?? [], 0),
        Math.max(...all, 0),
      );
      assert.equal(series.stock.mug?.sold.at(-1), all.at(-1));
      assert(series.bucketMs * series.offered.length >= all.length * 10);
    }),
  );
});

Deno.test(
  "A thinned p50 is the mean of what ended: empty buckets do not pull " +
    "it down",
  () => {
    const series = thin({
      ...madeUpSeries(0),
      offered: [1, 0, 3, 0],
      ok: [1, 0, 3, 0],
      p50Ms: [10, 0, 50, 0],
    }, 1);
    assert.deepEqual(series.p50Ms, [40]);
  },
);

Deno.test("Octaves are exact at powers of 2, never fall, and rise by what one sees", () => {
  assert.deepEqual([0.25, 0.5, 1, 2, 1_024].map(octaves), [-2, -1, 0, 1, 10]);
  const positive = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
  fc.assert(fc.property(positive, positive, (left, right) => {
    const [low, high] = [Math.min(left, right), Math.max(left, right)];
    assert(octaves(low) <= octaves(high));
    assert(octaves(low) < octaves(high * 1.0001));
  }));
});

Deno.test("An axis has all values within, and one to four labels", () => {
  const values = fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), {
    minLength: 1,
  });
  fc.assert(fc.property(values, (all) => {
    for (const { scale } of [linear(Math.max(...all)), tenfold(all)]) {
      for (const value of all) {
        assert(scale(value) >= 0 && scale(value) <= 100, `${scale(value)}`);
      }
    }
    const { ticks } = linear(Math.max(...all));
    assert(ticks.length >= 1 && ticks.length <= 4, `${ticks}`);
  }));
});

Deno.test("A time axis has few labels, from a second to a month", () => {
  for (let endMs = 1; endMs < 3e9; endMs = endMs * 1.3 + 1) {
    const ticks = timeTicks(endMs);
    assert(ticks.length >= 2 && ticks.length <= 7, `${endMs}: ${ticks}`);
    assert(ticks.every((tick) => tick <= endMs));
  }
});

Deno.test("A line has a gap where nothing is, and a dot for what is alone", () => {
  const { text } = linePath([1, 2, null, 3, null], (value) => value);
  assert.equal(text, "M100 1L300 2M700 3h.1");
  assert.deepEqual(stacked([[1, 2], [3, 4], [5, 6]]), [[1, 2], [4, 6], [
    9,
    12,
  ]]);
});

Deno.test("What is beyond the scale stays within its plot", () => {
  const { text } = linePath([-5, 300], (value) => value);
  assert.equal(text, "M250 0L750 100");
});

Deno.test("Numbers are short, and what is none is a dash", () => {
  assert.deepEqual(
    [0, 1_234.5, 99.99, 12.34, 1.005, 0.0042, 2e15, 1e-9, NaN, -Infinity]
      .map(figure),
    [
      "0",
      "1,235",
      "100",
      "12.3",
      "1",
      "0.0042",
      "2.00e+15",
      "1.00e-9",
      "–",
      "–",
    ],
  );
});
