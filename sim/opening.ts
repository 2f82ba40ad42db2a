/**
 * Opening day: every shard is told the stock of its products, as the live shop
 * tells it when its store is new.
 *
 * @module
 */
import type { OpenStock } from "../actors/inventory_shard.ts";
import type { Domain } from "../actors/runtime/domain.ts";
import { stableHash } from "../actors/runtime/random.ts";
import type { Topology } from "../cluster/topology.ts";
import type { SimulatedProduct } from "./models.ts";
import type { Scheduler } from "./scheduler.ts";

/** SKUs in one message, as live. */
const OPENING_SKUS = 1_000;
/** Virtual time for an answer. A link that lost something breaks sooner. */
const WITHIN_MS = 60_000;
/** After this long a shard that gave no answer is asked again. */
const AGAIN_AFTER_US = 100_000;
const AGAIN = stableHash("open_stock again");

/** What opening needs of the world. */
export interface Opening {
  /** Asks the shards. */
  readonly domain: Domain;
  readonly topology: Topology;
  readonly scheduler: Scheduler;
  /** Called when all have opened. */
  readonly done: () => void;
}

/**
 * Opens the stock of all products. A shard that did not answer, as networks
 * lose batches even then, is asked again: it opens each product once.
 */
export function openStock(
  products: ReadonlyMap<string, SimulatedProduct>,
  { domain, topology, scheduler, done }: Opening,
): void {
  let waiting = 0;
  const open = (shard: string, message: OpenStock) => {
    domain.ask(shard, message, WITHIN_MS, (outcome) => {
      if (outcome.kind === "ok") {
        if (--waiting === 0) done();
        return;
      }
      if (outcome.kind === "rejected") {
        throw new Error(`${shard} refuses to open: ${outcome.code}`);
      }
      const atUs = scheduler.nowUs + AGAIN_AFTER_US;
      scheduler.at(atUs, AGAIN, () => open(shard, message));
    });
  };
  const byShard = Map.groupBy(
    products.values(),
    ({ sku }) => topology.inventoryOf(sku),
  );
  for (const [shard, stock] of byShard) {
    for (let from = 0; from < stock.length; from += OPENING_SKUS) {
      const items = stock.slice(from, from + OPENING_SKUS)
        .map(({ sku, units, priceCents }) => ({ sku, units, priceCents }));
      waiting++;
      open(shard, { kind: "open_stock", items });
    }
  }
}
