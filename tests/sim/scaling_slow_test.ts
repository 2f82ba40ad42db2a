/**
 * The curve of one shop with more and more processes: what the model of their
 * machines must show whatever its times are, on a small shop.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runScenario } from "../../sim/run.ts";
import type { Rerun } from "../../sim/repro.ts";
import { type Point, scalingOf } from "../../sim/scaling/scaling.ts";
import { parseScenario } from "../../sim/scenario.ts";

/** Clients who buy again at once, and machines that they keep busy. */
const SHOP = {
  schema: "doorbuster/1",
  name: "scaling",
  teaches: "A small shop that more and more processes share.",
  clock: { duration: "200ms", warmup: "80ms" },
  topology: {
    cacheNodes: 1,
    partitions: { storefront: 32, inventory: 32, accounts: 1 },
  },
  orders: { holdFor: "1h" },
  catalog: { products: 50, popularity: { zipf: 0 }, stock: 100_000 },
  journeys: { buyer: { steps: ["place_order"] } },
  load: [{ phase: "sale", closed: { users: 128, think: "0s" } }],
  service: { place_order: "0.05ms", reserve: "0.05ms" },
  disk: { sync: "1ms" },
  cluster: { shopWorkers: 8 },
  network: { processes: 1, delay: { min: "0.05ms", mean: "0.05ms" } },
  machines: {
    ...{ cores: 2, call: "0.2ms", batch: "0.1ms", frame: "0.1ms" },
    append: { each: "0.3ms" },
    redis: { request: "0.01ms" },
    database: { cores: 8, append: { each: "0.2ms" } },
  },
};

const run: Rerun = (scenario, seed, recorder) =>
  runScenario({
    ...{ scenario, seed, catalog: [], replay: "", wallMs: () => 0 },
    ...recorder && { recorder },
  });

type Machines = Readonly<Record<string, unknown>>;

function curve(processes: readonly number[], machines: Machines = {}) {
  const whole = { ...SHOP, machines: { ...SHOP.machines, ...machines } };
  const file = parseScenario(JSON.stringify(whole), "scaling.json");
  return scalingOf(file, processes, run);
}

Deno.test("as long as cores are what is wanted, twice the processes sell more, and none is idle", () => {
  const points = curve([1, 2, 4]);
  for (const [index, point] of points.entries()) {
    const before = points[index - 1]?.ordersPerSecond ?? 0;
    assert.ok(point.ordersPerSecond > 1.2 * before, JSON.stringify(points));
    assert.ok(point.leastBusy > 0.5, JSON.stringify(point));
    assert.ok(point.redisBusy < 0.8, JSON.stringify(point));
  }
});

Deno.test("where Redis has no more time, another process sells no more, and cores stand idle", () => {
  const slow = { redis: { request: "1ms" } };
  const [two, four] = curve([2, 4], slow) as [Point, Point];
  assert.ok(four.redisBusy > 0.95, JSON.stringify(four));
  assert.ok(four.ordersPerSecond < 1.2 * two.ordersPerSecond);
  assert.ok(four.mostBusy < 0.7, JSON.stringify(four));
});

Deno.test("where the database's cores have no more time, they are the limit", () => {
  const database = { cores: 1, append: { each: "2ms" } };
  const [four] = curve([4], { database }) as [Point];
  assert.ok(four.databaseBusy > 0.9, JSON.stringify(four));
  // No more than one core can append, in groups.
  assert.ok(four.commitsPerSecond <= 510, JSON.stringify(four));
});

Deno.test("processes that share the cores of one machine sell less than one alone, by what their links cost", () => {
  const [one, three] = curve([1, 3], { shared: true }) as [Point, Point];
  assert.ok(three.ordersPerSecond < 0.9 * one.ordersPerSecond);
  // Together the cores do no more than there are.
  assert.ok(3 * three.leastBusy <= 1, JSON.stringify(three));
});

/** Long enough to be felt by a shop of two processes. */
const LONGER: readonly Machines[] = [
  { call: "1ms" },
  { batch: "0.5ms" },
  { message: "0.2ms" },
  { frame: "0.5ms" },
  { append: { each: "2ms" } },
  { append: { event: "1ms" } },
  { redis: { request: "9ms" } },
  { redis: { limits: "1ms" } },
  { database: { cores: 8, append: { each: "9ms" } } },
  { database: { cores: 8, append: { event: "2ms" } } },
];

Deno.test("whatever takes longer, less is sold", () => {
  const [usual] = curve([2]) as [Point];
  for (const machines of LONGER) {
    const [point] = curve([2], machines) as [Point];
    const share = point.ordersPerSecond / usual.ordersPerSecond;
    assert.ok(share < 0.9, `${JSON.stringify(machines)}: ${share}`);
  }
});

Deno.test("clients who share the cores take their part of them", () => {
  const [without] = curve([1], { shared: true }) as [Point];
  const [beside] = curve([1], { shared: true, client: "0.5ms" }) as [Point];
  assert.ok(beside.ordersPerSecond < 0.9 * without.ordersPerSecond);
});

Deno.test("a curve is the same each time", () => {
  assert.deepEqual(curve([2]), curve([2]));
});

Deno.test("only what is bought counts as an order", () => {
  const placing = new Set<number>();
  let placed = 0;
  const counting: Rerun = (scenario, seed, recorder) =>
    run(scenario, seed, (seen) => {
      if (seen.kind === "called" && seen.step === "place_order") {
        placing.add(seen.call);
      } else if (seen.kind === "returned" && placing.delete(seen.call)) {
        if (seen.outcome.kind === "ok") placed++;
      }
      recorder?.(seen);
    });
  const buyer = { steps: ["place_order", "read_order", "read_order"] };
  const file = parseScenario(
    JSON.stringify({ ...SHOP, journeys: { buyer } }),
    "scaling.json",
  );
  const [point] = scalingOf(file, [1], counting);
  const { ordersPerSecond } = point!;
  assert.ok(ordersPerSecond > 0);
  // The warm part is 120 of the 200 ms and more.
  assert.ok(ordersPerSecond * 0.12 < placed, `${ordersPerSecond}, ${placed}`);
});
