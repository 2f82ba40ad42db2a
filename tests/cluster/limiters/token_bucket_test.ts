/**
 * The token bucket, first of all on the seed documents' worked example: rows 37
 * to 41 of the checklist.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { MOST_TOKENS } from "../../../cluster/limiters/bounds.ts";
import {
  TokenBucket,
  type TokenBucketPolicy,
} from "../../../cluster/limiters/token_bucket.ts";
import { parseRate } from "../../../cluster/units.ts";
import seed from "../../../fixtures/token_bucket_seed.json" with {
  type: "json",
};

const SEED: TokenBucketPolicy = {
  capacityTokens: seed.bucket.burst,
  refillPerSecond: parseRate(seed.bucket.rate)!,
  initialTokens: seed.bucket.initialTokens,
};

/** How many of `count` requests at once pass. */
function burst(bucket: TokenBucket, nowMs: number, count: number): number {
  let passed = 0;
  for (let number = 0; number < count; number++) {
    if (bucket.tryTake(nowMs)) passed++;
  }
  return passed;
}

Deno.test("row 37: 100 tokens in 10 s are 10 per second", () => {
  assert.equal(parseRate("100/10s"), 10);
  const bucket = new TokenBucket(SEED, 0);
  assert.equal(bucket.isFresh(9_999.999), false);
  assert.equal(bucket.isFresh(10_000), true);
});

Deno.test("row 38: without traffic the tokens are 0, 10, 20 … 100, 100", () => {
  const bucket = new TokenBucket(SEED, 0);
  const tokens = Array.from(
    { length: 12 },
    (_, second) => bucket.remaining(second * 1000),
  );
  assert.deepEqual(tokens, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 100]);
});

Deno.test("row 39: of one request per second only the first is refused", () => {
  const bucket = new TokenBucket(SEED, 0);
  const trace = [0, 1, 2].map((second) => [
    bucket.remaining(second * 1000),
    bucket.tryTake(second * 1000),
  ]);
  assert.deepEqual(trace, [[0, false], [10, true], [19, true]]);
});

Deno.test("row 40: five at once each second find 5n + 5 tokens until full at 19 s", () => {
  const bucket = new TokenBucket(SEED, 0);
  let refused = 5 - burst(bucket, 0, 5);
  for (let second = 1; second <= 30; second++) {
    const before = bucket.remaining(second * 1000);
    assert.equal(before, Math.min(100, 5 * second + 5), `at ${second} s`);
    assert.equal(before === 100, second >= 19);
    refused += 5 - burst(bucket, second * 1000, 5);
  }
  assert.equal(refused, 5);
});

Deno.test("row 40: of requests every 0.2 s one is refused by continuous refill", () => {
  assert.equal(refusedOfEvenlySpaced((nowMs) => nowMs), 1);
});

Deno.test("row 40: of requests every 0.2 s five are refused by refill per second", () => {
  // A bucket that is told whole seconds refills at whole seconds.
  const wholeSeconds = (nowMs: number) => Math.floor(nowMs / 1000) * 1000;
  assert.equal(refusedOfEvenlySpaced(wholeSeconds), 5);
});

Deno.test("row 41: of 150 at once a full bucket lets 100 pass, and 5 half a second later", () => {
  const bucket = new TokenBucket({ ...SEED, initialTokens: 100 }, 10_000);
  assert.equal(burst(bucket, 10_000, 150), 100);
  assert.equal(bucket.remaining(10_000), 0);
  assert.equal(bucket.retryAfterMs(10_000), 100);
  assert.equal(burst(bucket, 10_500, 10), 5);
});

Deno.test("TokenBucket.retryAfterMs() names the first millisecond that succeeds", () => {
  const policy = { capacityTokens: 5, refillPerSecond: 3, initialTokens: 0 };
  assert.equal(new TokenBucket(policy, 0).retryAfterMs(0, 2), 667);
  assert.equal(new TokenBucket(policy, 0).tryTake(666, 2), false);
  assert.equal(new TokenBucket(policy, 0).tryTake(667, 2), true);
  assert.equal(new TokenBucket(policy, 0).retryAfterMs(0, 6), Infinity);
});

Deno.test("TokenBucket loses no fraction of a token however often it is asked", () => {
  const policy = { capacityTokens: 9, refillPerSecond: 1, initialTokens: 0 };
  const bucket = new TokenBucket(policy, 0);
  // 7 ms do not divide a second; asking often must not lose the rest.
  for (let nowMs = 0; nowMs < 3_000; nowMs += 7) bucket.remaining(nowMs);
  assert.equal(bucket.remaining(2_999.999), 2);
  assert.equal(bucket.remaining(3_000), 3);
});

Deno.test("TokenBucket ignores a clock that goes backwards", () => {
  const bucket = new TokenBucket(SEED, 5_000);
  assert.equal(bucket.remaining(1_000), 0);
  assert.equal(bucket.remaining(6_000), 10);
  assert.equal(bucket.remaining(5_500), 10);
  assert.equal(bucket.remaining(6_000), 10);
});

Deno.test("TokenBucket is exact at its largest and after a pause of years", () => {
  const largest = {
    capacityTokens: MOST_TOKENS,
    refillPerSecond: MOST_TOKENS,
    initialTokens: 0,
  };
  const bucket = new TokenBucket(largest, 0);
  assert.equal(
    bucket.remaining(999.999),
    MOST_TOKENS - MOST_TOKENS / 1_000_000,
  );
  assert.equal(bucket.remaining(4e12), MOST_TOKENS);
});

Deno.test("TokenBucket refuses policies that are not integers within bounds", () => {
  const bad = [
    { capacityTokens: 0, refillPerSecond: 1 },
    { capacityTokens: 1, refillPerSecond: 0.5 },
    { capacityTokens: MOST_TOKENS + 1, refillPerSecond: 1 },
    { capacityTokens: 1, refillPerSecond: 1, initialTokens: 2 },
  ];
  for (const policy of bad) {
    assert.throws(() => new TokenBucket(policy, 0), RangeError);
  }
});

// G26
Deno.test("TokenBucket lets at most capacity + rate × window pass in any window", () => {
  const requests = fc.array(
    fc.record({
      afterUs: fc.nat(400_000),
      cost: fc.integer({ min: 1, max: 4 }),
    }),
    { minLength: 1, maxLength: 60 },
  );
  const positive = fc.integer({ min: 1, max: 20 });
  fc.assert(
    fc.property(positive, positive, requests, (burst, rate, list) => {
      const bucket = new TokenBucket(
        { capacityTokens: burst, refillPerSecond: rate },
        0,
      );
      const passed: { atUs: number; cost: number }[] = [];
      let atUs = 0;
      for (const { afterUs, cost } of list) {
        atUs += afterUs;
        if (bucket.tryTake(atUs / 1000, cost)) passed.push({ atUs, cost });
      }
      passed.forEach((first, from) => {
        let taken = 0;
        for (const { atUs, cost } of passed.slice(from)) {
          taken += cost;
          const windowUs = atUs - first.atUs;
          // A time in ms is a float: its µs may be rounded down by one.
          assert.ok(taken * 1e6 <= burst * 1e6 + rate * (windowUs + 1));
        }
      });
    }),
    { seed: 41, numRuns: 300 },
  );
});

/** Refused of the 100 requests of 20 s, one every 0.2 s. */
function refusedOfEvenlySpaced(clock: (nowMs: number) => number): number {
  const bucket = new TokenBucket(SEED, 0);
  let refused = 0;
  for (let nowMs = 0; nowMs < 20_000; nowMs += 200) {
    if (!bucket.tryTake(clock(nowMs))) refused++;
  }
  return refused;
}
