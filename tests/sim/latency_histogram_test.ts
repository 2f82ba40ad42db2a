/** What a histogram says of values, beside what the values themselves say. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { LatencyHistogram } from "../../sim/latency_histogram.ts";

const PERCENTS = [0, 1, 50, 90, 99, 99.9, 100];
const VALUE = fc.oneof(
  fc.nat(300),
  fc.nat(2 ** 31 - 1),
  fc.maxSafeNat(),
  // The edges of buckets.
  fc.tuple(fc.integer({ min: 1, max: 52 }), fc.constantFrom(-1, 0, 1))
    .map(([bits, off]) => 2 ** bits + off),
);

function recorded(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** The value at a rank, as the histogram's document defines it. */
function exact(sorted: readonly number[], percent: number): number {
  const rank = Math.ceil(Math.round(percent * 1_000) * sorted.length / 100_000);
  return sorted[Math.max(1, rank) - 1]!;
}

Deno.test("LatencyHistogram percentiles are at most 1/128 above the true ones", () => {
  fc.assert(
    fc.property(fc.array(VALUE, { minLength: 1 }), (values) => {
      const histogram = recorded(values);
      const sorted = values.toSorted((left, right) => left - right);
      for (const percent of PERCENTS) {
        const value = exact(sorted, percent);
        const found = histogram.percentileUs(percent);
        assert.ok(found >= value, `${found} < ${value}`);
        const isClose = found === value || found - value < value / 128;
        assert.ok(isClose, `${found} > ${value}`);
      }
      assert.equal(histogram.count, values.length);
      assert.equal(histogram.minUs, sorted[0]);
      assert.equal(histogram.maxUs, sorted.at(-1));
    }),
    { seed: 1, numRuns: 1_000 },
  );
});

Deno.test("merged histograms are that of all values", () => {
  const values = fc.array(VALUE);
  fc.assert(
    fc.property(values, values, (left, right) => {
      const merged = recorded(left);
      merged.merge(recorded(right));
      const all = recorded([...left, ...right]);
      assert.equal(merged.count, all.count);
      assert.equal(merged.minUs, all.minUs);
      assert.equal(merged.maxUs, all.maxUs);
      for (const percent of PERCENTS) {
        assert.equal(merged.percentileUs(percent), all.percentileUs(percent));
      }
    }),
    { seed: 1 },
  );
});

Deno.test("LatencyHistogram.meanUs is exact", () => {
  const values = Array.from({ length: 1_000 }, (_, i) => i * i * 1_000 + 1);
  const sum = values.reduce((total, value) => total + value, 0);
  assert.equal(recorded(values).meanUs, sum / 1_000);
});

Deno.test("99.9 % of 1,000 values are 999 of them, not 1,000", () => {
  const values = [...new Array(999).fill(100), 100_000];
  assert.equal(recorded(values).percentileUs(99.9), 100);
  assert.equal(recorded(values).percentileUs(99.901), 100_000);
});

Deno.test("an empty LatencyHistogram is all zeros", () => {
  const { count, meanUs, minUs, maxUs } = new LatencyHistogram();
  assert.deepEqual({ count, meanUs, minUs, maxUs }, {
    count: 0,
    meanUs: 0,
    minUs: 0,
    maxUs: 0,
  });
  assert.equal(new LatencyHistogram().percentileUs(99), 0);
});

Deno.test("LatencyHistogram refuses what is no latency and no percentage", () => {
  const histogram = new LatencyHistogram();
  for (const value of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => histogram.record(value), RangeError);
  }
  for (const percent of [-0.1, 100.1, NaN]) {
    assert.throws(() => histogram.percentileUs(percent), RangeError);
  }
  assert.equal(histogram.count, 0);
});
