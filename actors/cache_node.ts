/**
 * @module draft of the protocol; the behavior follows below
 */
import type { Asks, Ref } from "./runtime/actor.ts";
import type { CatalogRef } from "./catalog.ts";

/** A product as the edge answers it. `body` is the JSON text, built once per version. */
export interface ProductView {
  readonly sku: string;
  readonly name: string;
  readonly priceCents: number;
  readonly currency: string;
  readonly stockState: "in_stock" | "low" | "sold_out";
  readonly available: number;
  readonly version: number;
}
export type CacheStatus = "hit" | "miss" | "collapsed" | "stale";
export interface CachedProduct {
  /** JSON text of the ProductView, ready to send; the edge does not parse it. */
  readonly body: string;
  readonly version: number;
  readonly status: CacheStatus;
  /** Milliseconds this entry stays fresh; 0 when stale. */
  readonly freshForMs: number;
}
/** Read-through. Rejected `not-found`. `fresh`: reads through (Cache-Control: no-cache). */
export interface ReadProduct extends Asks<CachedProduct> {
  readonly kind: "read_product";
  readonly sku: string;
  readonly fresh?: boolean;
}
/** From a shard, after commit. An older version than the entry's is ignored. */
export interface StockPublished {
  readonly kind: "stock_published";
  readonly items: readonly { sku: string; available: number; priceCents: number; version: number }[];
}
export interface LookAtCache extends Asks<{ entry: CachedProduct | null }> {
  readonly kind: "look";
  readonly sku: string;
}
export interface WarmCache extends Asks<null> {
  readonly kind: "warm";
  readonly sku: string;
}
export interface DropFromCache extends Asks<null> {
  readonly kind: "drop";
  readonly sku: string;
}
export interface FlushCache extends Asks<null> {
  readonly kind: "flush";
}
export type CacheMessage =
  | ReadProduct
  | StockPublished
  | LookAtCache
  | WarmCache
  | DropFromCache
  | FlushCache; // plus the answers to its own asks
export type CacheRef = Ref<CacheMessage>;
export interface CacheArgs {
  readonly capacityEntries: number;
  readonly ttlMs: number;
  /** TTL = ttlMs · (1 − j + 2j·u), j = jitterPercent / 100. */
  readonly jitterPercent: number;
  /** "No such product" is remembered this long. */
  readonly negativeTtlMs: number;
  readonly shards: number;
  readonly lowStockUnits: number;
  readonly catalog: CatalogRef;
}
