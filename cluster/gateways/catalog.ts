/**
 * The catalog gateway: the catalog's store behind a ref. A store on this disk
 * answers at once, one across a network with a promise; the gateway only
 * translates.
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
import type { CatalogPage } from "../journal/catalog_store.ts";
import { type Sooner, whenKnown } from "./when_known.ts";

/** What the gateway needs of a store; null: it has no such thing. */
export interface CatalogSource {
  readEntry(sku: string): Sooner<CatalogEntry | null>;
  search(
    query: string,
    limit: number,
    after?: string,
  ): Sooner<CatalogPage | null>;
  listSkus(limit: number, after?: string): Sooner<SkuPage | null>;
}

type CatalogOutcome = ShopOutcome<CatalogEntry | CatalogPage | SkuPage>;

/**
 * Answers one message from `source`; the handler of a `GatewayHost`. Rejected
 * `not-found`, or `invalid-input` for an `after` that is no page's `next`.
 * Throws what the source throws.
 */
export function handleCatalog(
  source: CatalogSource,
  message: CatalogMessage,
): Sooner<CatalogOutcome> {
  switch (message.kind) {
    case "read_entry":
      return whenKnown<CatalogEntry | null, CatalogOutcome>(
        source.readEntry(message.sku),
        entryOutcome,
      );
    case "search_catalog": {
      const { query, limit, after } = message;
      return whenKnown(source.search(query, limit, after), pageOutcome);
    }
    case "list_skus": {
      const { limit, after } = message;
      return whenKnown(source.listSkus(limit, after), pageOutcome);
    }
  }
}

function entryOutcome(entry: CatalogEntry | null): ShopOutcome<CatalogEntry> {
  return entry === null ? refuse("not-found") : ok(entry);
}

function pageOutcome<Page>(page: Page | null): ShopOutcome<Page> {
  if (page !== null) return ok(page);
  const detail = "after must be the next of an earlier page";
  return refuse("invalid-input", { detail });
}
