/**
 * What an inventory shard accepts, answers and records. An event names its
 * time, so that a fold needs no clock, and a resolved hold only by its id,
 * since the fold knows its lines. All times are wall milliseconds.
 *
 * @module
 */
import type { Asks, Context, Ref } from "../runtime/actor.ts";

/** One line of an order at its shard. */
export interface Line {
  readonly sku: string;
  /** Units, from 1. */
  readonly quantity: number;
}

/** A line with the price of one unit when it was held. */
export interface PricedLine extends Line {
  readonly priceCents: number;
}

/** Units, of one SKU or summed over all of a shard. */
export interface StockTotals {
  /** For sale now. */
  readonly available: number;
  /** Set aside for orders that are not paid yet. */
  readonly held: number;
  readonly sold: number;
  /** In stock when the SKU was opened. */
  readonly initial: number;
  /** Added since. */
  readonly restocked: number;
  /** Taken out since, other than by a sale. */
  readonly removed: number;
}

/** What a shard says of a SKU. */
export interface StockView extends StockTotals {
  readonly sku: string;
  readonly priceCents: number;
  /** Grows by one with each event that changes the SKU. */
  readonly version: number;
}

/** A page of a shard's stock with what is wrong in it. */
export interface StockAudit {
  /** Over all SKUs of the shard. */
  readonly totals: StockTotals;
  /** Sorted by SKU, in UTF-16 order. */
  readonly items: readonly StockView[];
  /** Where the next page begins after; null: this was the last. */
  readonly next: string | null;
  /** One sentence for each SKU of the page, and the totals, that is wrong. */
  readonly violations: readonly string[];
}

/**
 * Opens SKUs that are not open yet (the opening import); others are left as
 * they are. `opened` counts the new ones. Rejected `invalid-input`, as a
 * whole, for units or prices that are not integers from 0.
 */
export interface OpenStock extends Asks<{ readonly opened: number }> {
  readonly kind: "open_stock";
  readonly items: readonly {
    readonly sku: string;
    readonly units: number;
    readonly priceCents: number;
  }[];
}

/** What a shard has set aside, and until when. */
export interface Held {
  readonly lines: readonly PricedLine[];
  /** Wall time; that of the first answer, when the hold was known already. */
  readonly untilMs: number;
}

/**
 * Holds all lines or none until `untilMs` (wall time). The same `holdId` again
 * gives the first answer. Lines of one SKU are summed; the answer has one line
 * for each SKU, in the order of first mention. Rejected `sold-out`,
 * `purchase-limit`, `not-found`; `order-expired` when `untilMs` has passed or
 * the hold was released; `idempotency-key-reused` when the hold has other
 * lines or another user; `invalid-input` without lines or for a bad quantity.
 */
export interface Reserve extends Asks<Held> {
  readonly kind: "reserve";
  readonly holdId: string;
  readonly userId: string;
  readonly lines: readonly Line[];
  readonly untilMs: number;
}

/**
 * Keeps a hold until `untilMs` (wall time), past its deadline, while its
 * payment runs. A later pin can only extend an earlier one. Rejected
 * `order-expired` when the hold is gone, `already-paid` when it is sold.
 */
export interface Pin extends Asks<null> {
  readonly kind: "pin";
  readonly holdId: string;
  readonly untilMs: number;
}

/** Takes the pin back; the hold's own deadline counts again. Never refused. */
export interface Unpin extends Asks<null> {
  readonly kind: "unpin";
  readonly holdId: string;
}

/**
 * Sells what is held. Idempotent. Rejected `order-expired` when the hold was
 * released, has expired, was returned, or is not known.
 */
export interface Confirm extends Asks<null> {
  readonly kind: "confirm";
  readonly holdId: string;
}

/**
 * Gives back what is held; for an unknown hold leaves a tombstone until
 * `untilMs`, so that its late reserve is refused. Idempotent. Rejected
 * `already-paid` when the hold is sold.
 */
export interface Release extends Asks<null> {
  readonly kind: "release";
  readonly holdId: string;
  readonly untilMs: number;
}

/**
 * Takes the sold units of a hold back for sale (the rest of its order could
 * not be confirmed). A hold that is still open is released: after this answer
 * nothing of it is sold. Idempotent. Rejected `not-found` for an unknown hold;
 * sold ones are known for 24 hours.
 */
export interface ReturnStock extends Asks<null> {
  readonly kind: "return_stock";
  readonly holdId: string;
}

/** Says how a SKU stands. Rejected `not-found`. */
export interface DescribeStock extends Asks<StockView> {
  readonly kind: "describe";
  readonly sku: string;
}

/**
 * Adds units; a negative number removes, down to what is available. Rejected
 * `not-found`, or `invalid-input` when `add` or the sum is no safe integer.
 */
export interface AdjustStock extends Asks<StockView> {
  readonly kind: "adjust";
  readonly sku: string;
  readonly add: number;
}

/** Totals of the shard and one page of SKUs, or the one named. Never refused. */
export interface AuditStock extends Asks<StockAudit> {
  readonly kind: "audit";
  readonly sku?: string;
  readonly after?: string;
  readonly limit: number;
}

/** What an inventory shard accepts; `expire` and `publish` are its own timers. */
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
  | { readonly kind: "expire" }
  | { readonly kind: "publish" };

/** The address of an inventory shard. */
export type InventoryRef = Ref<InventoryMessage>;

/** What the topology tells a shard. */
export interface InventoryArgs {
  /** Units of one SKU a user may hold or own; null: no limit. */
  readonly limitPerUser: number | null;
  /** Who is told of stock that changed: every node, each ignores others' SKUs. */
  readonly cacheNodes: readonly string[];
  /** A SKU is published at most once in this many milliseconds. */
  readonly publishEveryMs: number;
}

/** A SKU is for sale from now on. */
export interface StockOpened {
  readonly kind: "stock_opened";
  readonly sku: string;
  readonly units: number;
  readonly priceCents: number;
  readonly atMs: number;
}

/** Units were set aside for an order. No two lines name one SKU. */
export interface StockHeld {
  readonly kind: "stock_held";
  readonly holdId: string;
  readonly userId: string;
  readonly lines: readonly PricedLine[];
  /** The hold ends here unless it is pinned or sold before. */
  readonly untilMs: number;
  readonly atMs: number;
}

/** A payment runs: the hold stays until `untilMs`, if that is later. */
export interface HoldPinned {
  readonly kind: "hold_pinned";
  readonly holdId: string;
  readonly untilMs: number;
  readonly atMs: number;
}

/** The payment is over without a sale: the hold's own deadline counts. */
export interface HoldUnpinned {
  readonly kind: "hold_unpinned";
  readonly holdId: string;
  readonly atMs: number;
}

/** What was held is sold. */
export interface StockSold {
  readonly kind: "stock_sold";
  readonly holdId: string;
  readonly atMs: number;
}

/** What was held is for sale again. */
export interface HoldReleased {
  readonly kind: "hold_released";
  readonly holdId: string;
  /** Its order let go of it, its deadline passed, or its sale was undone. */
  readonly why: "released" | "expired" | "returned";
  readonly atMs: number;
}

/** A hold was released before it was made: the tombstone it will meet. */
export interface HoldRefused {
  readonly kind: "hold_refused";
  readonly holdId: string;
  readonly untilMs: number;
  readonly atMs: number;
}

/** What was sold to a hold is for sale again. */
export interface StockReturned {
  readonly kind: "stock_returned";
  readonly holdId: string;
  readonly atMs: number;
}

/** Units came in, or went out when `add` is negative. */
export interface StockAdjusted {
  readonly kind: "stock_adjusted";
  readonly sku: string;
  readonly add: number;
  readonly atMs: number;
}

/** The durable facts of a shard. Times are wall milliseconds. */
export type InventoryEvent =
  | StockOpened
  | StockHeld
  | HoldPinned
  | HoldUnpinned
  | StockSold
  | HoldReleased
  | HoldRefused
  | StockReturned
  | StockAdjusted;

/** The world as a step of a shard sees it. */
export type InventoryContext = Context<InventoryMessage, InventoryEvent>;
