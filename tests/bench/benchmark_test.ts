import assert from "node:assert/strict";
import { compare, judge, median } from "../../bench/benchmark.ts";

const PURCHASES = { bench: "edge", metric: "purchases", unit: "/s" };

Deno.test("the median of an even number of values is between the middle two", () => {
  assert.equal(median([40, 10, 30, 20]), 25);
  assert.equal(median([30, 10, 20]), 20);
});

Deno.test("a ratio is the median of the rounds' ratios, so a slow round slows both", () => {
  // The machine was busy in the second and third round: the medians of each
  // column, 50 and 90, would say 0.56.
  const result = compare({
    ...PURCHASES,
    ours: [100, 50, 25],
    peers: { bare: [200, 90, 50] },
  });
  assert.equal(result.ratio.bare, 0.5);
  assert.deepEqual([result.ours, result.peers.bare], [50, 90]);
  assert.equal(result.runs, 3);
});

Deno.test("a goal is met from its floor on, and missed just below", () => {
  const goal = { against: "bare", floor: 0.5, aim: 0.8 };
  const judged = (ours: number) =>
    judge(
      compare({ ...PURCHASES, ours: [ours], peers: { bare: [100] } }),
      goal,
    );
  assert.deepEqual([49, 50, 79, 80].map(judged), [
    "missed",
    "met",
    "met",
    "aim",
  ]);
});

Deno.test("where less is better a goal is a ceiling", () => {
  const result = compare({
    ...PURCHASES,
    unit: "s",
    lowerIsBetter: true,
    ours: [1],
  });
  assert.equal(judge(result, { against: null, floor: 1 }), "met");
  assert.equal(judge(result, { against: null, floor: 0.9 }), "missed");
});

Deno.test("a peer that was not measured meets no goal", () => {
  const result = compare({ ...PURCHASES, ours: [100] });
  assert.equal(judge(result, { against: "bare", floor: 0 }), "missed");
});
