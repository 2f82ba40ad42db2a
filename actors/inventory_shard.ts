/**
 * @module draft of the protocol; the behavior follows below
 */
import type { Asks, Ref } from "./runtime/actor.ts";

/** One line of an order at its shard. */
export interface Line {
  readonly sku: string;
  readonly quantity: number;
}
export interface PricedLine extends Line {
  readonly priceCents: number;
}
/** What a shard says of a SKU. `version` grows with every change of its stock or price. */
export interface StockView {
  readonly sku: string;
  readonly priceCents: number;
  readonly available: number;
  readonly held: number;
  readonly sold: number;
  readonly initial: number;
  readonly restocked: number;
  readonly removed: number;
  readonly version: number;
}
export type StockTotals = Pick<
  StockView,
  "available" | "held" | "sold" | "initial" | "restocked" | "removed"
>;
export interface StockAudit {
  readonly totals: StockTotals; // over all SKUs of the shard
  readonly items: readonly StockView[]; // sorted by sku, after `after`
  readonly next: string | null;
  readonly violations: readonly string[];
}

/** Opens SKUs that are not open yet (the opening import); others are left as they are. */
export interface OpenStock extends Asks<{ opened: number }> {
  readonly kind: "open_stock";
  readonly items: readonly { sku: string; units: number; priceCents: number }[];
}
/** Holds all lines or none. The same `holdId` again gives the first answer. Wall ms. */
export interface Reserve extends Asks<{ lines: readonly PricedLine[] }> {
  readonly kind: "reserve";
  readonly holdId: string;
  readonly userId: string;
  readonly lines: readonly Line[];
  readonly untilMs: number;
}
/** Keeps a hold past its deadline while its payment runs. Rejected `order-expired` when it is gone. */
export interface Pin extends Asks<null> {
  readonly kind: "pin";
  readonly holdId: string;
  readonly untilMs: number;
}
/** Takes the pin back; the hold's own deadline counts again. */
export interface Unpin extends Asks<null> {
  readonly kind: "unpin";
  readonly holdId: string;
}
/** Sells what is held. Idempotent. Rejected `order-expired` when the hold was released. */
export interface Confirm extends Asks<null> {
  readonly kind: "confirm";
  readonly holdId: string;
}
/** Gives back what is held; for an unknown hold leaves a tombstone until `untilMs`. Idempotent. */
export interface Release extends Asks<null> {
  readonly kind: "release";
  readonly holdId: string;
  readonly untilMs: number;
}
/** Takes sold units of a confirmed hold back for sale (the rest of its order could not be confirmed). Idempotent. */
export interface ReturnStock extends Asks<null> {
  readonly kind: "return_stock";
  readonly holdId: string;
}
export interface DescribeStock extends Asks<StockView> {
  readonly kind: "describe";
  readonly sku: string;
}
/** Adds units; a negative number removes, down to what is available. */
export interface AdjustStock extends Asks<StockView> {
  readonly kind: "adjust";
  readonly sku: string;
  readonly add: number;
}
export interface AuditStock extends Asks<StockAudit> {
  readonly kind: "audit";
  readonly sku?: string;
  readonly after?: string;
  readonly limit: number;
}
export type InventoryMessage =
  | OpenStock
  | Reserve
  | Pin
  | Unpin
  | Confirm
  | Release
  | ReturnStock
  | DescribeStock
  | AdjustStock
  | AuditStock
  | { readonly kind: "expire" } // its own timer
  | { readonly kind: "publish" }; // its own timer
export type InventoryRef = Ref<InventoryMessage>;

export interface InventoryArgs {
  /** Units of one SKU a user may hold or own; null: no limit. */
  readonly limitPerUser: number | null;
  /** Who is told of stock, at most every `publishEveryMs` per SKU. Message `stock_published` of cache_node. */
  readonly cacheNodes: readonly string[];
  readonly publishEveryMs: number;
}
