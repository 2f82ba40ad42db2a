/** Routers: what each kind of map says of the keys at its borders. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { HashRouter } from "../../../cluster/routers/hash_router.ts";
import {
  RangeRouter,
  type ShardRange,
} from "../../../cluster/routers/range_router.ts";
import type { Router } from "../../../cluster/routers/router.ts";
import { Routes } from "../../../cluster/routers/routes.ts";
import { TimeRouter } from "../../../cluster/routers/time_router.ts";

const TEN = Array.from({ length: 10 }, (_, shard) => `shard-${shard}`);

const THOUSANDS = [
  { from: 1_000, to: 2_000, shard: "1" },
  { from: 0, to: 1_000, shard: "0" },
];

const DAYS = [
  { from: "2026-11-10T00:00:00Z", to: "2026-11-11T00:00:00Z", shard: "10th" },
  { from: "2026-11-11T00:00:00Z", to: "2026-11-12T00:00:00Z", shard: "11th" },
];

Deno.test("row 56: of the ranges [0, 1000) and [1000, 2000), 999 is in the first and 1000 in the second", () => {
  const router = new RangeRouter(1, THOUSANDS);
  const rows = [[0, "0"], [999, "0"], [1_000, "1"], [1_999, "1"]] as const;
  for (const [key, shard] of rows) assert.equal(router.route(key), shard);
  assert.equal(router.route(-1), null);
  assert.equal(router.route(2_000), null);
});

Deno.test("row 56: a range finds what a search through all of them finds, gaps included", () => {
  const anyBorders = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), {
    minLength: 2,
    maxLength: 12,
  });
  fc.assert(fc.property(anyBorders, (found) => {
    const borders = found.toSorted((left, right) => left - right);
    const ranges: (ShardRange & { to: number })[] = [];
    for (let index = 0; index + 1 < borders.length; index++) {
      if (index % 3 === 2) continue;
      const [from, to] = [borders[index]!, borders[index + 1]!];
      ranges.push({ from, to, shard: `${index}` });
    }
    const router = new RangeRouter(1, ranges.toReversed());
    for (let key = -1; key <= 61; key++) {
      const range = ranges.find(({ from, to }) => from <= key && key < to);
      assert.equal(router.route(key), range?.shard ?? null);
    }
  }));
});

Deno.test("ranges of text compare by code unit, and one without an end holds whatever is above", () => {
  const router = new RangeRouter<string>(1, [
    { from: "a", to: null, shard: "low" },
    { from: "", to: "Z", shard: "up" },
  ]);
  const rows = [
    ...[["", "up"], ["A", "up"], ["Yzz", "up"], ["Z", null]],
    ...[["Zz", null], ["a", "low"], ["a0", "low"], ["\u{ffff}", "low"]],
  ] as const;
  for (const [key, shard] of rows) {
    assert.equal(router.route(key!), shard, key!);
  }
  const endless = { from: "b", to: "c", shard: "2" };
  assert.throws(
    () =>
      new RangeRouter<string>(1, [endless, {
        from: "a",
        to: null,
        shard: "1",
      }]),
    /must not overlap: current value is \[a, \) and \[b, c\)/,
  );
});

Deno.test("row 56: ranges that overlap or are empty are refused, and both are named", () => {
  const overlapping = [...THOUSANDS, { from: 500, to: 600, shard: "2" }];
  assert.throws(
    () => new RangeRouter(1, overlapping),
    /must not overlap: current value is \[0, 1000\) and \[500, 600\)/,
  );
  const empty = [{ from: 5, to: 5, shard: "0" }];
  assert.throws(() => new RangeRouter(1, empty), /not be empty.*\[5, 5\)/);
});

Deno.test("row 56: what happens at midnight belongs to the new day, a millisecond before to the old one", () => {
  const router = new TimeRouter(1, DAYS);
  const midnightMs = Date.parse("2026-11-11T00:00:00Z");
  assert.equal(router.route(midnightMs - 1), "10th");
  assert.equal(router.route(midnightMs), "11th");
  assert.equal(router.route(Date.parse("2026-11-12T00:00:00Z")), null);
});

Deno.test("row 56: a border is a moment, wherever it is written, and a text without an offset is refused", () => {
  const inBeijing = [{
    from: "2026-11-11T00:00:00+08:00",
    to: "2026-11-12T00:00:00+08:00",
    shard: "sale",
  }];
  const router = new TimeRouter(1, inBeijing);
  assert.equal(router.route(Date.parse("2026-11-10T16:00:00Z")), "sale");
  assert.equal(router.route(Date.parse("2026-11-10T15:59:59.999Z")), null);
  for (
    const from of ["2026-11-11T00:00:00", "2026-11-11", "2026-13-01T00:00Z"]
  ) {
    const periods = [{ ...DAYS[0]!, from }];
    assert.throws(() => new TimeRouter(1, periods), /time with an offset/);
  }
});

Deno.test("row 56: a hash spreads 100,000 ids over 10 shards evenly", () => {
  const router = new HashRouter(1, TEN);
  const counts = new Map(TEN.map((shard) => [shard, 0]));
  for (let id = 0; id < 100_000; id++) {
    const shard = router.route(`user-${id}`);
    counts.set(shard, counts.get(shard)! + 1);
  }
  // Chi-squared with 9 degrees of freedom: above 21.7 in 1 of 100.
  const chiSquared = [...counts.values()]
    .reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  assert.ok(chiSquared < 21.7, `chi-squared ${chiSquared}`);
});

Deno.test("row 57: the shard of a region is one of ten, and the same in every process and release", () => {
  const router = new HashRouter(1, TEN);
  const regions = ["华东", "华南", "华北", "西南"];
  const shards = regions.map((region) => router.route(region));
  assert.equal(shards.join(" "), "shard-0 shard-2 shard-9 shard-9");
});

Deno.test("a hash router without shards is refused", () => {
  assert.throws(() => new HashRouter(1, []), /there are no shards/);
});

Deno.test("a map is replaced by a newer one only, and routes of an older one are known", () => {
  const routes = new Routes<number>(new RangeRouter(1, THOUSANDS));
  const [low, high] = [routes.locate(10), routes.locate(1_500)];
  const split = [
    { from: 0, to: 500, shard: "0" },
    { from: 500, to: 1_000, shard: "2" },
    { from: 1_000, to: 2_000, shard: "3" },
  ];
  assert.equal(routes.replace(new RangeRouter(2, split)), true);
  assert.equal(routes.replace(new RangeRouter(2, THOUSANDS)), false);
  assert.equal(routes.replace(new RangeRouter(1, THOUSANDS)), false);
  assert.deepEqual(routes.locate(1_500), { shard: "3", version: 2 });
  // Of what has moved only, since the rest is where it was.
  assert.equal(routes.isCurrent(10, low), true);
  assert.equal(routes.isCurrent(1_500, high), false);
});

Deno.test("I19 a route depends on the key and the map's version alone", () => {
  const makers: (() => Router<never>)[] = [
    () => new HashRouter(3, TEN),
    () => new RangeRouter(3, THOUSANDS),
    () => new TimeRouter(3, DAYS),
  ];
  const keys = [0, 1_000, 1_999, Date.parse("2026-11-11T00:00:00Z"), "华东"];
  for (const make of makers) {
    const [one, other] = [make(), make()];
    // What was asked before changes nothing.
    for (const key of keys.toReversed()) other.route(key as never);
    for (const key of keys) {
      assert.equal(one.route(key as never), other.route(key as never));
    }
    assert.equal(one.version, 3);
  }
});
