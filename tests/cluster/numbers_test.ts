/**
 * The seeds' formulas on their worked examples: rows 16, 17, 25 to 27, 37, 42
 * and 60 of the checklist.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  hitRatio,
  meanResponseTimeMs,
  meanShare,
  missRatio,
  outflowPerSecond,
  percentileOf,
  scalingPerMinute,
  throughputPerSecond,
  tokensPerSecond,
} from "../../cluster/numbers.ts";

/** 20, 15, … 30 ms: a hundred that add up to 2,400, as the example says. */
const RESPONSES = [20, 15, ...Array.from({ length: 96 }, () => 24), 31, 30];

Deno.test("the mean share of 100 requests over 4 servers is 25", () => {
  assert.equal(meanShare(100, 4), 25);
});

Deno.test("row 16: the mean of the worked hundred samples is 24 ms", () => {
  const totalMs = RESPONSES.reduce((sum, each) => sum + each, 0);
  assert.deepEqual([RESPONSES.length, totalMs], [100, 2_400]);
  assert.equal(meanResponseTimeMs(totalMs, RESPONSES.length), 24);
});

Deno.test("row 17: 100 requests in an hour are 0.0278 a second, 5,000 in 2.5 s are 2,000", () => {
  assert.equal(throughputPerSecond(100, 3_600_000).toFixed(4), "0.0278");
  assert.equal(throughputPerSecond(5_000, 2_500), 2_000);
});

Deno.test("rows 25 to 27: 60 hits of 100 are a hit ratio of 0.6 and a miss ratio of 0.4", () => {
  assert.equal(hitRatio(60, 100), 0.6);
  assert.equal(missRatio(60, 100), 0.4);
});

Deno.test("rows 37 and 42: 100 tokens in 10 s are 10 a second, 300 requests in 60 s are 5", () => {
  assert.equal(tokensPerSecond(100, 10_000), 10);
  assert.equal(outflowPerSecond(300, 60_000), 5);
});

Deno.test("row 60: six servers in two minutes are 3 a minute", () => {
  assert.equal(scalingPerMinute(6, 120_000), 3);
});

Deno.test("where nothing has happened every number is 0, and none is NaN", () => {
  const none = [
    meanResponseTimeMs,
    throughputPerSecond,
    hitRatio,
    missRatio,
    meanShare,
    tokensPerSecond,
    outflowPerSecond,
    scalingPerMinute,
  ].map((formula) => formula(0, 0));
  assert.deepEqual(none, [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(throughputPerSecond(5, 0), 0);
  assert.equal(percentileOf(50, [1, 2], [0, 0, 0]), 0);
});

Deno.test("percentileOf() lies evenly within a bucket, and never beyond the last bound", () => {
  const bounds = [10, 20, 40];
  assert.equal(percentileOf(50, bounds, [10, 10, 0, 0]), 10);
  assert.equal(percentileOf(75, bounds, [10, 10, 0, 0]), 15);
  assert.equal(percentileOf(95, bounds, [0, 0, 20, 0]), 39);
  assert.equal(percentileOf(99.9, bounds, [1, 0, 0, 9]), 40);
});
