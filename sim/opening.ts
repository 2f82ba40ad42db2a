/**
 * Opening day: every shard is told the stock of its products, as the live shop
 * tells it when its store is new.
 *
 * @module
 */
import type { OpenStock } from "../actors/inventory_shard.ts";
import type { Domain } from "../actors/runtime/domain.ts";
import type { Topology } from "../cluster/topology.ts";
import type { SimulatedProduct } from "./models.ts";

/** SKUs in one message, as live. */
const OPENING_SKUS = 1_000;
/** Virtual time: a shop that is not open by then never will be. */
const OPEN_WITHIN_MS = 60_000;

/**
 * Asks the shards from `domain`; `done` when all have opened. Throws, in a
 * later turn, when one does not.
 */
export function openStock(
  domain: Domain,
  topology: Topology,
  products: ReadonlyMap<string, SimulatedProduct>,
  done: () => void,
): void {
  const byShard = Map.groupBy(
    products.values(),
    ({ sku }) => topology.inventoryOf(sku),
  );
  let waiting = 0;
  for (const [shard, stock] of byShard) {
    for (let from = 0; from < stock.length; from += OPENING_SKUS) {
      const items = stock.slice(from, from + OPENING_SKUS)
        .map(({ sku, units, priceCents }) => ({ sku, units, priceCents }));
      const message: OpenStock = { kind: "open_stock", items };
      waiting++;
      domain.ask(shard, message, OPEN_WITHIN_MS, (outcome) => {
        if (outcome.kind !== "ok") throw new Error(`${shard} does not open`);
        if (--waiting === 0) done();
      });
    }
  }
}
