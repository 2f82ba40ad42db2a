/**
 * Caches against what theory says of them, as the other models in
 * `oracles_slow_test.ts`: each row is played again with something wrong in it,
 * and then has to disagree. Seeds are fixed.
 */
import assert from "node:assert/strict";
import {
  createMap,
  type EvictionName,
  put,
  touch,
} from "../../actors/cache/bounded_map.ts";
import { createEntry, isFresh, renew } from "../../actors/cache/entry.ts";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { sample } from "../../sim/distributions.ts";
import { Zipf } from "../../sim/zipf.ts";
import { BATCHES, disagreement, interval, type Samples } from "./statistics.ts";

/** Hits of a cache of so many of all items, by Zipf's law. */
function hits(
  { items, exponent, capacity, policy }: {
    readonly items: number;
    readonly exponent: number;
    readonly capacity: number;
    readonly policy: EvictionName;
  },
): Samples {
  const zipf = new Zipf(items, exponent);
  const random = new SeededRandom(1, "requests");
  const keys = Array.from({ length: items }, (_, item) => `${item}`);
  const map = createMap<true>({ entries: capacity, policy });
  const perBatch = 12_000;
  const play = () => {
    let count = 0;
    for (let request = 0; request < perBatch; request++) {
      const key = keys[zipf.sample(random)]!;
      if (touch(map, key) !== null) count++;
      else put(map, key, true);
    }
    return count / perBatch;
  };
  return Array.from({ length: BATCHES + 1 }, play).slice(1);
}

// 15: by Che's approximation, whose own error is at most .005 here.
for (
  const [policy, other, items, exponent, capacity, rate] of [
    ["lru", "fifo", 10_000, .8, 100, .1566],
    ["lru", "fifo", 10_000, .8, 1_000, .4367],
    ["lru", "fifo", 10_000, 1, 100, .3905],
    ["lru", "fifo", 10_000, 1, 1_000, .6756],
    ["lru", "fifo", 100_000, 1, 1_000, .5062],
    ["fifo", "lru", 10_000, 1, 1_000, .6309],
  ] as const
) {
  Deno.test(`a cache of ${capacity} of ${items} items (exponent ${exponent}) hits as theory says of ${policy}, and with ${other} it does not`, () => {
    const isTheory = (policy: EvictionName) => {
      const measured = hits({ items, exponent, capacity, policy });
      const { mean, half } = interval(measured);
      return Math.abs(mean - rate) <= half + .005;
    };
    assert.ok(isTheory(policy));
    assert.ok(!isTheory(other));
  });
}

Deno.test("LFU and SIEVE hit more often than LRU, and no more than who knows all frequencies", () => {
  const rate = (policy: EvictionName) =>
    interval(hits({ items: 10_000, exponent: 1, capacity: 1_000, policy }));
  // The 1,000 most popular have so large a share of all requests.
  const best = .7648;
  for (const policy of ["lfu", "sieve"] as const) {
    const { mean, half } = rate(policy);
    assert.ok(mean - half > rate("lru").mean + .02, `${policy} ${mean}`);
    assert.ok(mean - half < best, `${policy} ${mean}`);
  }
});

// 16
Deno.test("a TTL cache with three Poisson readers in a lifetime hits as theory says, and with 2 % shorter lifetimes it does not", () => {
  const isTheory = (ttlMs: number) => {
    const measured = hitsInTime(ttlMs);
    return disagreement("hits", measured, 3 / 4) === null;
  };
  assert.ok(isTheory(3 * GAP));
  assert.ok(!isTheory(3 * GAP / 1.02));
});

/** The mean time between two readers, in whatever unit. */
const GAP = 1_000_000;

/** Hits of one product's readers; a miss fills it, a hit changes nothing. */
function hitsInTime(ttlMs: number): Samples {
  const random = new SeededRandom(1, "readers");
  const text = { sku: "A1", name: "", currency: "GBP", version: 1 };
  const stock = { sku: "A1", available: 1, priceCents: 1, version: 1 };
  const entry = createEntry(text, stock);
  const perBatch = 20_000;
  let nowMs = 0;
  const play = () => {
    let count = 0;
    for (let read = 0; read < perBatch; read++) {
      nowMs += sample({ kind: "exponential", meanUs: GAP }, random);
      if (isFresh(entry, nowMs)) count++;
      else renew(entry, nowMs, { ttlMs, storeMs: 0, refreshMs: 0 });
    }
    return count / perBatch;
  };
  return Array.from({ length: BATCHES }, play);
}
