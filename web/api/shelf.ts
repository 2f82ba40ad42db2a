/**
 * A page of products with price and stock: the catalog knows names, the cache
 * nodes know the rest, so a page is one search and then one read per product,
 * all at once. A product that cannot be read now is shown without its price
 * rather than not at all.
 *
 * @module
 */
import type { ProductView } from "../../actors/cache_node.ts";
import type { CatalogEntry } from "../../actors/catalog.ts";
import type { ShopOutcome } from "../../actors/refusals.ts";
import { ok } from "../../actors/runtime/outcome.ts";
import type { Done, Gate } from "../../cluster/gate.ts";

/** A product on a shelf; `product` is null while it cannot be read. */
export interface ShelfItem {
  readonly entry: CatalogEntry;
  readonly product: ProductView | null;
}

/** A page of products. */
export interface Shelf {
  readonly items: readonly ShelfItem[];
  /** What to give as `after` for the next page; null on the last one. */
  readonly next: string | null;
}

/** Searches the catalog and reads what it found. */
export async function readShelf(
  gate: Gate,
  query: string,
  limit: number,
  after: string | undefined,
): Promise<ShopOutcome<Shelf>> {
  const found = await outcomeOf<
    { items: readonly CatalogEntry[]; next: string | null }
  >((done) => gate.searchCatalog(query, limit, after, done));
  if (found.kind !== "ok") return found;
  const items = await Promise.all(
    found.value.items.map(async (entry) => {
      const product = await readProduct(gate, entry.sku);
      return { entry, product: product.kind === "ok" ? product.value : null };
    }),
  );
  return ok({ items, next: found.value.next });
}

/** Reads one product as data. */
export async function readProduct(
  gate: Gate,
  sku: string,
): Promise<ShopOutcome<ProductView>> {
  const cached = await outcomeOf<{ body: string }>(
    (done) => gate.readProduct(sku, false, done),
  );
  if (cached.kind !== "ok") return cached;
  // Our own cache node wrote this text from a ProductView.
  return ok(JSON.parse(cached.value.body) as ProductView);
}

/** Asks the gate, for whoever needs the outcome itself. */
export function outcomeOf<Value>(
  start: (done: Done<Value>) => void,
): Promise<ShopOutcome<Value>> {
  return new Promise((resolve) => start(resolve));
}
