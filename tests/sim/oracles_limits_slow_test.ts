/** The token bucket against theory: under a flood, and under Poisson requests. */
import assert from "node:assert/strict";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { TokenBucket } from "../../cluster/limiters/token_bucket.ts";
import { sample } from "../../sim/distributions.ts";
import { EventQueue } from "../../sim/event_queue.ts";
import { MORE, test } from "./oracle.ts";
import { SECOND } from "./queueing.ts";
import { BATCHES, type Samples } from "./statistics.ts";

/** A flood of 1,000 requests a second for 10 s, evenly spaced. */
function flood(refillPerSecond: number) {
  const queue = new EventQueue<string>();
  const bucket = new TokenBucket({ capacityTokens: 300, refillPerSecond }, 0);
  let accepted = 0;
  let emptyAtUs = Infinity;
  for (let atMs = 0; atMs < 10_000; atMs++) {
    queue.schedule(atMs * 1_000, "request");
  }
  while (queue.next() !== undefined) {
    if (bucket.tryTake(queue.nowUs / 1_000)) accepted++;
    else emptyAtUs = Math.min(emptyAtUs, queue.nowUs);
  }
  return { accepted, emptyAtUs };
}

// 13
Deno.test("a token bucket under a flood accepts its burst and its rate, but no other", () => {
  const { accepted, emptyAtUs } = flood(600);
  assert.ok(Math.abs(accepted - 6_300) <= 1, `${accepted}`);
  assert.ok(Math.abs(emptyAtUs - 750_000) <= 2_000, `${emptyAtUs}`);
  assert.ok(Math.abs(flood(600 * MORE).accepted - 6_300) > 1);
});

/**
 * Shares of Poisson requests that a bucket refuses, in 30 batches after one of
 * warm-up. The bucket refills once a millisecond.
 */
function refusals(capacityTokens: number, perSecond: number): Samples {
  const refillPerSecond = 1_000;
  const bucket = new TokenBucket({ capacityTokens, refillPerSecond }, 0);
  const random = new SeededRandom(1, "requests");
  const gap = { kind: "exponential", meanUs: SECOND / perSecond } as const;
  let atUs = 0;
  return Array.from({ length: BATCHES + 1 }, () => {
    let refused = 0;
    for (let request = 0; request < 40_000; request++) {
      atUs += sample(gap, random);
      if (!bucket.tryTake(atUs / 1_000)) refused++;
    }
    return refused / 40_000;
  }).slice(1);
}

/**
 * The bucket as a finite dam, M/D/1 with room for B: with W the waiting time's
 * law at B − 1, the share that is refused.
 */
function refusedShare(capacity: number, load: number): number {
  let waits = 0;
  let factorial = 1;
  for (let k = 0; k <= capacity - 1; k++) {
    if (k > 0) factorial *= k;
    const x = load * (capacity - 1 - k);
    waits += Math.exp(x) * (-x) ** k / factorial;
  }
  return (1 - (1 - load) * waits) / (1 + load * waits);
}

// 14: .0353, .0166, .0508 and .1709
for (
  const [load, capacity, expected] of [
    [.8, 5, .0353],
    [.9, 10, .0166],
    [1, 10, .0508],
    [1.2, 10, .1709],
  ] as const
) {
  test({
    name: `a bucket of ${capacity} under Poisson requests at ${load}`,
    expected: { refused: refusedShare(capacity, load) },
    wrong: "2 % more requests",
    measure: (isWrong) => ({
      refused: refusals(capacity, 1_000 * load * (isWrong ? MORE : 1)),
    }),
  });
  Deno.test(`theory's share of ${capacity} and ${load} is ${expected}`, () => {
    assert.equal(refusedShare(capacity, load).toFixed(4), expected.toFixed(4));
  });
}
