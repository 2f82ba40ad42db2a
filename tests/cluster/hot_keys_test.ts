/** What the sketch of hot keys says of keys that are asked for often. */
import assert from "node:assert/strict";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { HotKeys } from "../../cluster/hot_keys.ts";

/** Sees a key at a steady rate and gives what was said of it last. */
function seeFor(
  hot: HotKeys,
  key: string,
  { fromMs, forMs, perSecond }: Record<
    "fromMs" | "forMs" | "perSecond",
    number
  >,
): number {
  let last = 0;
  const reads = forMs * perSecond / 1_000;
  for (let read = 0; read < reads; read++) {
    last = hot.see(key, fromMs + read * 1_000 / perSecond);
  }
  return last;
}

Deno.test("a steady rate is seen to three quarters after its first second", () => {
  for (const perSecond of [100, 1_000, 10_000]) {
    const hot = new HotKeys();
    const seen = seeFor(hot, "a", { fromMs: 5_000, forMs: 1_000, perSecond });
    assert.ok(Math.abs(seen / perSecond - .75) < .02, `${seen}`);
  }
});

Deno.test("what is over is forgotten within seconds", () => {
  const hot = new HotKeys();
  seeFor(hot, "a", { fromMs: 0, forMs: 2_000, perSecond: 1_000 });
  assert.ok(hot.see("a", 2_100) > 400);
  seeFor(hot, "b", { fromMs: 2_100, forMs: 4_000, perSecond: 100 });
  assert.ok(hot.see("a", 6_100) < 10);
  assert.equal(new HotKeys().see("a", 0), 1);
  assert.equal(hot.see("a", 60_000), 1);
});

Deno.test("no key is said to be asked for less often than it is", () => {
  const hot = new HotKeys();
  const random = new SeededRandom(1);
  const counts = new Map<string, number>();
  for (let read = 0; read < 20_000; read++) {
    const key = `k${random.below(5_000)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    assert.ok(hot.see(key, read / 100) >= counts.get(key)!);
  }
});

Deno.test("of 20,000 reads of 10,000 keys none seems to be asked for 100 times", () => {
  const hot = new HotKeys();
  const random = new SeededRandom(2);
  for (let read = 0; read < 20_000; read++) {
    assert.ok(hot.see(`k${random.below(10_000)}`, read / 20) < 100);
  }
});

Deno.test("keys beside one that all want do not seem to be wanted as well", () => {
  const hot = new HotKeys();
  for (let read = 0; read < 5_000; read++) hot.see("hot", 0);
  for (let key = 0; key < 10_000; key++) {
    assert.ok(hot.see(`k${key}`, 0) < 1_000, `k${key}`);
  }
});

Deno.test("a clock that goes back is no reason to forget or to fail", () => {
  const hot = new HotKeys();
  seeFor(hot, "a", { fromMs: 1_000, forMs: 400, perSecond: 1_000 });
  assert.equal(hot.see("a", 0), 401);
});
