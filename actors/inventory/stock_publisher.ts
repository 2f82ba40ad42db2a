/**
 * How a shard tells the cache nodes of stock that changed: the first change
 * after quiet at once, later ones together, so that a SKU is published at most
 * once in an interval however often it is sold. Published stock may be lost;
 * a cache entry also ages, and the next change carries the newest numbers.
 *
 * @module
 */
import type { PublishedStock, StockPublished } from "../cache_node.ts";
import type {
  InventoryArgs,
  InventoryContext,
  InventoryMessage,
  Line,
} from "./protocol.ts";
import type { Stock } from "./stock.ts";

/** What is still to be published. Volatile. */
export interface Publisher {
  readonly cacheNodes: readonly string[];
  readonly everyMs: number;
  /** SKUs that changed since they were last published. */
  unpublished: Set<string>;
  /** The timer `publish` runs. */
  isTicking: boolean;
}

/** SKUs in one message to a cache node: a few dozen kilobytes. */
const SLICE = 256;

const PUBLISH: InventoryMessage = { kind: "publish" };

/** A publisher with nothing to publish. */
export function createPublisher(args: InventoryArgs): Publisher {
  return {
    cacheNodes: args.cacheNodes,
    everyMs: args.publishEveryMs,
    unpublished: new Set(),
    isTicking: false,
  };
}

/** Marks the SKUs of `lines`, which are all changed. */
export function markLines(
  ctx: InventoryContext,
  publisher: Publisher,
  lines: readonly Line[],
): void {
  for (let index = 0; index < lines.length; index++) {
    markChanged(ctx, publisher, lines[index]!.sku);
  }
}

/** Has a SKU published with the next tick, at once when none is due. */
export function markChanged(
  ctx: InventoryContext,
  publisher: Publisher,
  sku: string,
): void {
  if (publisher.cacheNodes.length === 0) return;
  publisher.unpublished.add(sku);
  if (publisher.isTicking) return;
  publisher.isTicking = true;
  ctx.timer("publish", 0, PUBLISH);
}

/** Marks, after a fold, what the life before may not have published. */
export function markRecent(
  ctx: InventoryContext,
  publisher: Publisher,
  stocks: ReadonlyMap<string, Stock>,
): void {
  let newestMs = 0;
  for (const { changedAtMs } of stocks.values()) {
    newestMs = Math.max(newestMs, changedAtMs);
  }
  // Two intervals, since a tick can be late. A SKU of version 1 was only
  // opened: no node can hold an older one.
  const sinceMs = newestMs - 2 * publisher.everyMs;
  for (const { sku, version, changedAtMs } of stocks.values()) {
    if (version > 1 && changedAtMs >= sinceMs) markChanged(ctx, publisher, sku);
  }
}

/** A tick: tells every node what changed. Ticks end when nothing did. */
export function publish(
  ctx: InventoryContext,
  publisher: Publisher,
  stocks: ReadonlyMap<string, Stock>,
): void {
  const skus = Array.from(publisher.unpublished);
  // Not cleared: its table would be kept, see `PassingMap`.
  publisher.unpublished = new Set();
  publisher.isTicking = skus.length > 0;
  if (!publisher.isTicking) return;
  for (let start = 0; start < skus.length; start += SLICE) {
    const slice = skus.slice(start, start + SLICE);
    const items = slice.map((sku) => publishedOf(stocks.get(sku)!));
    if (tellNodes(ctx, publisher.cacheNodes, items)) continue;
    for (const sku of slice) publisher.unpublished.add(sku);
  }
  ctx.timer("publish", publisher.everyMs, PUBLISH);
}

function publishedOf(stock: Stock): PublishedStock {
  const { sku, available, priceCents, version } = stock;
  return { sku, available, priceCents, version };
}

/** False when a node's queue was full: it is told again at the next tick. */
function tellNodes(
  ctx: InventoryContext,
  cacheNodes: readonly string[],
  items: readonly PublishedStock[],
): boolean {
  const message: StockPublished = { kind: "stock_published", items };
  let isTaken = true;
  for (const node of cacheNodes) {
    if (ctx.tell(node, message) === "full") isTaken = false;
  }
  return isTaken;
}
