/**
 * @module draft of the protocol; the behavior follows below
 */
import type { Asks, Ref } from "./runtime/actor.ts";
import type { Line, PricedLine } from "./inventory_shard.ts";

export type OrderStatus =
  | "awaiting_payment"
  | "paid"
  | "cancelled"
  | "expired"
  | "refund_pending"
  | "refunded";

/** An order as its buyer sees it. Times are wall milliseconds. */
export interface OrderView {
  readonly id: string;
  readonly status: OrderStatus;
  readonly lines: readonly PricedLine[];
  readonly totalCents: number;
  readonly reservedUntilMs: number;
  readonly placedAtMs: number;
}
/** `replayed`: the key had already taken effect; `order` is as first answered (awaiting_payment). */
export interface Placed {
  readonly order: OrderView;
  readonly replayed: boolean;
}
/** 201. Idempotent per user and key; a refusal is not stored. */
export interface PlaceOrder extends Asks<Placed> {
  readonly kind: "place_order";
  readonly userId: string;
  readonly key: string;
  readonly lines: readonly Line[];
}
export interface ReadOrder extends Asks<OrderView> {
  readonly kind: "read_order";
  readonly userId: string;
  readonly orderId: string;
}
/** Newest first. `after` is an order id. */
export interface ListOrders extends Asks<{ items: readonly OrderView[]; next: string | null }> {
  readonly kind: "list_orders";
  readonly userId: string;
  readonly limit: number;
  readonly after?: string;
}
/** `pending`: the provider has not said yet (202). `method`: see payment.ts */
export interface Payment {
  readonly order: OrderView;
  readonly pending: boolean;
  readonly replayed: boolean;
}
export interface PayOrder extends Asks<Payment> {
  readonly kind: "pay_order";
  readonly userId: string;
  readonly orderId: string;
  readonly key: string;
  readonly method: string;
}
export interface CancelOrder extends Asks<OrderView> {
  readonly kind: "cancel_order";
  readonly userId: string;
  readonly orderId: string;
}
export type StorefrontMessage =
  | PlaceOrder
  | ReadOrder
  | ListOrders
  | PayOrder
  | CancelOrder; // plus the answers and timers it sends itself
export type StorefrontRef = Ref<StorefrontMessage>;

export interface StorefrontArgs {
  /** How many inventory shards there are: sku → `inventory[stableHash(sku) % shards]`. */
  readonly shards: number;
  /** This partition's own number; order ids carry it. */
  readonly partition: number;
  readonly holdForMs: number;
  /** Idempotency keys are kept this long (24 h). */
  readonly keepKeysMs: number;
  readonly currency: string;
  readonly paymentGateway: string;
}
