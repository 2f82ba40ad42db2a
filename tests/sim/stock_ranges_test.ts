/** Stock by range in a simulated shop: sold as by hash, each by its own shard. */
import assert from "node:assert/strict";
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import type { Observation } from "../../sim/observation.ts";
import { runScenario } from "../../sim/run.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";

/** Nine products, `P000000` to `P000008`, of which three are sold together. */
const PRODUCTS = 9;
const UNITS_EACH = 5;

const RANGES = [
  { to: "P000003", partition: 1 },
  { from: "P000003", to: "P000006", partition: 2 },
  { from: "P000006", partition: 0 },
];

function scenario(stock: unknown) {
  return {
    schema: "doorbuster/1",
    name: "ranges",
    teaches: "Whoever buys neighbours asks one shard.",
    clock: { duration: "20s" },
    topology: {
      partitions: { storefront: 2, inventory: 3, accounts: 1 },
      stock,
    },
    catalog: {
      products: PRODUCTS,
      popularity: { zipf: 0.5 },
      stock: UNITS_EACH,
    },
    journeys: { buyer: { steps: ["place_order", "pay_order"] } },
    load: [{ phase: "sale", for: "10s", open: { rate: "40/s" }, users: 200 }],
    faults: [{ id: "it", at: "3s", do: "crash", target: "inventory[1]" }],
  };
}

/** The shard that sold each unit, by product; the shop must be sold out. */
function soldBy(stock: unknown): Map<string, Set<string>> {
  const shards = new Map<string, Set<string>>();
  const held = new Map<string, readonly { sku: string; quantity: number }[]>();
  const sold = new Map<string, number>();
  const result = runScenario({
    scenario: resolveScenario(
      parseScenario(JSON.stringify(scenario(stock)), "it"),
      1,
    ),
    seed: 1,
    catalog: [],
    replay: "",
    wallMs: () => 0,
    recorder: (seen: Observation) => {
      if (seen.kind !== "recorded") return;
      const event = seen.event as JournalEvent & {
        holdId: string;
        lines: { sku: string; quantity: number }[];
      };
      if (event.kind === "stock_held") held.set(event.holdId, event.lines);
      if (event.kind !== "stock_sold") return;
      for (const { sku, quantity } of held.get(event.holdId)!) {
        sold.set(sku, (sold.get(sku) ?? 0) + quantity);
        shards.set(sku, (shards.get(sku) ?? new Set()).add(seen.actor));
      }
    },
  });
  assert.equal(result.verdict, "passed", JSON.stringify(result.checks));
  assert.deepEqual([...sold.values()], Array(PRODUCTS).fill(UNITS_EACH));
  return shards;
}

// G25, I1
Deno.test("row 56: by range as by hash every unit is sold once, and each by the shard that its map says", () => {
  const byHash = soldBy({ router: "hash" });
  const byRange = soldBy({ router: "range", ranges: RANGES });
  assert.deepEqual(
    [...byHash.keys()].toSorted(),
    [...byRange.keys()].toSorted(),
  );
  for (const [sku, shards] of byRange) {
    const shard = sku < "P000003" ? 1 : sku < "P000006" ? 2 : 0;
    assert.deepEqual([...shards], [`inventory[${shard}]`]);
  }
});

Deno.test("row 56: a scenario's map of stock is held to what a config's is", () => {
  const stock = { router: "range", ranges: RANGES.slice(1) };
  assert.throws(
    () => parseScenario(JSON.stringify(scenario(stock)), "it"),
    /topology\.stock\.ranges: expected 3 ranges, one for each inventory/,
  );
});
