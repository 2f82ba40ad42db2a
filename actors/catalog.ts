/**
 * What the shop knows of a product besides its stock and price, and how it is
 * found. The store waits for a disk, so it stands behind a gateway.
 *
 * @module
 */
import type { Asks, Ref } from "./runtime/actor.ts";

/** A product's text. `version` grows when it is changed. */
export interface CatalogEntry {
  readonly sku: string;
  readonly name: string;
  readonly currency: string;
  readonly version: number;
}

/** Reads one product. Rejected `not-found`. */
export interface ReadEntry extends Asks<CatalogEntry> {
  readonly kind: "read_entry";
  readonly sku: string;
}

/**
 * Finds products: every word of `query` must begin a word of the name or be
 * the SKU; an empty query lists all, in the catalog's order (best sellers
 * first). `after` is the `next` of the page before.
 */
export interface SearchCatalog
  extends Asks<{ items: readonly CatalogEntry[]; next: string | null }> {
  readonly kind: "search_catalog";
  readonly query: string;
  readonly limit: number;
  readonly after?: string;
}

/** Some SKUs of the catalog. */
export interface SkuPage {
  readonly skus: readonly string[];
  /** The `after` of the next page; null: this is the last. */
  readonly next: string | null;
  /** How many there are in all. */
  readonly total: number;
}

/** Lists all SKUs, `limit` at a time. Rejected `invalid-input` for a bad page. */
export interface ListSkus extends Asks<SkuPage> {
  readonly kind: "list_skus";
  readonly limit: number;
  readonly after?: string;
}

/** What a catalog store accepts. */
export type CatalogMessage = ReadEntry | SearchCatalog | ListSkus;

/** The address of a catalog store. */
export type CatalogRef = Ref<CatalogMessage>;
