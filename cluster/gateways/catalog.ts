/**
 * The catalog gateway: the catalog's store behind a ref. The store answers at
 * once from a local index, so the gateway only translates; whether it stands
 * on a disk or across a network is the store's affair.
 *
 * @module
 */
import type {
  CatalogEntry,
  CatalogMessage,
  SkuPage,
} from "../../actors/catalog.ts";
import type { ShopOutcome } from "../../actors/refusals.ts";
import { refuse } from "../../actors/refusals.ts";
import { ok } from "../../actors/runtime/outcome.ts";
import type { CatalogPage, CatalogStore } from "../journal/catalog_store.ts";

/** What the gateway needs of a store. */
export type CatalogSource = Pick<
  CatalogStore,
  "readEntry" | "search" | "listSkus"
>;

/**
 * Answers one message from `source`; the handler of a `GatewayHost`. Rejected
 * `not-found`, or `invalid-input` for an `after` that is no page's `next`.
 * Throws what the source throws.
 */
export function handleCatalog(
  source: CatalogSource,
  message: CatalogMessage,
): ShopOutcome<CatalogEntry | CatalogPage | SkuPage> {
  switch (message.kind) {
    case "read_entry": {
      const entry = source.readEntry(message.sku);
      return entry === null ? refuse("not-found") : ok(entry);
    }
    case "search_catalog": {
      const { query, limit, after } = message;
      return pageOutcome(source.search(query, limit, after));
    }
    case "list_skus":
      return pageOutcome(source.listSkus(message.limit, message.after));
  }
}

function pageOutcome<Page>(page: Page | null): ShopOutcome<Page> {
  if (page !== null) return ok(page);
  const detail = "after must be the next of an earlier page";
  return refuse("invalid-input", { detail });
}
