/** A shop whose stock is shared out by ranges of SKUs, from socket to disk. */
import assert from "node:assert/strict";
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import { folderRows } from "../../cluster/journal/history.ts";
import { eventsOf } from "../../cluster/journal/journal_file.ts";
import {
  expectAnswersKept,
  expectOneOrderForEachKey,
  expectStockOfOrders,
} from "./bookkeeping.ts";
import { carryOut, newPurchase } from "./purchase.ts";
import { LACKS_PROCESSES, products, Stage } from "./stage.ts";

const CATALOG = [...products("apple", 4, 100), ...products("pear", 4, 100)];

const TOPOLOGY = {
  partitions: { storefront: 4, inventory: 2, accounts: 1 },
  stock: {
    router: "range",
    ranges: [{ to: "b", partition: 1 }, { from: "b", partition: 0 }],
  },
};

/** The partitions in whose journal a product is held, by product. */
async function keepersOf(folder: string): Promise<Map<string, Set<string>>> {
  const keepers = new Map<string, Set<string>>();
  for await (const { row, path } of folderRows(folder)(null)) {
    for (const event of eventsOf(row, path)) {
      if (event.kind !== "stock_held") continue;
      const { lines } = event as JournalEvent & { lines: { sku: string }[] };
      for (const { sku } of lines) {
        if (!keepers.has(sku)) keepers.set(sku, new Set());
        keepers.get(sku)!.add(row.partition);
      }
    }
  }
  return keepers;
}

// G18, G25
Deno.test({
  name: "row 56: a store by range sells each product in the partition of its " +
    "range, in every life of the shop",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    const purchases = [];
    for (const shopWorkers of [2, 1]) {
      const topology = { ...TOPOLOGY, shopWorkers };
      await using shop = stage.start({ topology });
      using client = await stage.connect(shop);
      const { stockRanges } = await client.topology();
      assert.deepEqual(stockRanges, { borders: ["", "b"], partitions: [1, 0] });
      await expectAnswersKept(client, purchases);
      const bought = Array.from({ length: 24 }, (_, index) =>
        newPurchase({
          user: `user-${index % 8}`,
          key: `${shopWorkers}-${index}`,
          // Of one range, or of both.
          lines: [0, index % 3].map((step) => CATALOG[(index + 3 * step) % 8]!)
            .filter((one, place, all) => all.indexOf(one) === place)
            .map(({ sku }) => ({ sku, quantity: 1 })),
          wish: (["pay", "keep", "cancel"] as const)[index % 3]!,
        }));
      await Promise.all(bought.map((purchase) => carryOut(client, purchase)));
      purchases.push(...bought);
      await expectOneOrderForEachKey(client, purchases);
      await expectStockOfOrders(client, purchases);
      assert.equal((await shop.stop()).code, 0);
    }
    const keepers = await keepersOf(stage.dataFolder);
    assert.equal(keepers.size, CATALOG.length);
    for (const [sku, partitions] of keepers) {
      const keeper = sku < "b" ? "inventory[1]" : "inventory[0]";
      assert.deepEqual([...partitions], [keeper], sku);
    }
  },
});
