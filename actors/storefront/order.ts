/**
 * An order: its record, the facts that make up its life, and its ids. Nothing
 * here acts; the order book (`order_book.ts`) folds the facts, the storefront
 * decides which come next. An order id says which storefront partition keeps
 * it, so that anyone who holds an id finds its keeper without asking.
 *
 * @module
 */
import type { Line, PricedLine } from "../inventory_shard.ts";
import { partitionOf, type ShardMap } from "../placement.ts";

/** Where an order is in its life, as its buyer sees it. */
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
  /** In the order of the request; lines with the same SKU are one. */
  readonly lines: readonly PricedLine[];
  readonly totalCents: number;
  readonly reservedUntilMs: number;
  readonly placedAtMs: number;
}

/** An order as its storefront keeps it. A million of them stay in memory. */
export interface Order extends Omit<OrderView, "status"> {
  readonly userId: string;
  /** The id of its hold, the same at every shard that has a line of it. */
  readonly holdId: string;
  /** The user's order before this one; null for the first. */
  readonly previousId: string | null;
  status: OrderStatus;
  /** Payment attempts so far; an attempt's id at the provider carries it. */
  attempts: number;
}

/**
 * An order as its storefront keeps it: the event that placed it says all of one
 * to which nothing has happened since, and that is its user's first.
 */
export type KnownOrder = Order | OrderPlaced;

/** An order over several shards whose lines are still being held. */
export interface StartedOrder {
  readonly holdId: string;
  readonly lines: readonly Line[];
  readonly untilMs: number;
}

/** A payment under way. */
export interface PaymentAttempt {
  readonly attempt: number;
  readonly key: string;
  readonly method: string;
  /** The provider has the money; from here on the order only ends settled. */
  captured: boolean;
}

/** What every fact says. */
export interface OrderFact {
  readonly orderId: string;
  /** When it happened, wall milliseconds. */
  readonly atMs: number;
}

/** The lines are about to be held, shard by shard. */
export interface OrderStarted extends OrderFact {
  readonly kind: "order_started";
  readonly userId: string;
  readonly key: string;
  readonly holdId: string;
  readonly lines: readonly Line[];
  readonly untilMs: number;
}

/** Every line is held; the buyer may pay until `reservedUntilMs`. */
export interface OrderPlaced extends OrderFact {
  readonly kind: "order_placed";
  readonly userId: string;
  readonly key: string;
  readonly holdId: string;
  readonly lines: readonly PricedLine[];
  readonly totalCents: number;
  readonly reservedUntilMs: number;
}

/** A started order will not be placed; `shards` may hold lines of it. */
export interface OrderAbandoned extends OrderFact {
  readonly kind: "order_abandoned";
  readonly shards: readonly number[];
}

/** The buyer gave the order up. */
export interface OrderCancelled extends OrderFact {
  readonly kind: "order_cancelled";
}

/** The reservation ran out unpaid. */
export interface OrderExpired extends OrderFact {
  readonly kind: "order_expired";
}

/** The holds are about to be pinned, then the money is asked for. */
export interface PaymentStarted extends OrderFact {
  readonly kind: "payment_started";
  readonly attempt: number;
  readonly key: string;
  readonly method: string;
}

/** The provider has the money. */
export interface PaymentCaptured extends OrderFact {
  readonly kind: "payment_captured";
  readonly attempt: number;
}

/** No money moved in this attempt; the order waits for the next one. */
export interface PaymentDeclined extends OrderFact {
  readonly kind: "payment_declined";
  readonly attempt: number;
  /** The provider said no, or it was never charged. */
  readonly why: "declined" | "not_charged";
}

/** The money is there and every line is sold. */
export interface OrderPaid extends OrderFact {
  readonly kind: "order_paid";
}

/** The money is there, a line is gone: the sold ones of `shards` come back. */
export interface RefundPending extends OrderFact {
  readonly kind: "refund_pending";
  readonly shards: readonly number[];
}

/** The provider gave the money back. */
export interface OrderRefunded extends OrderFact {
  readonly kind: "order_refunded";
}

/** Every shard has acknowledged what the order owed it. */
export interface ObligationMet extends OrderFact {
  readonly kind: "obligation_met";
}

/** The durable facts of a storefront. */
export type StorefrontEvent =
  | OrderStarted
  | OrderPlaced
  | OrderAbandoned
  | OrderCancelled
  | OrderExpired
  | PaymentStarted
  | PaymentCaptured
  | PaymentDeclined
  | OrderPaid
  | RefundPending
  | OrderRefunded
  | ObligationMet;

/**
 * The id of a partition's order number `number` (from 1), such as
 * `o-3-1z-k3f9`. The last part is drawn from `random` (32 bits), so that ids
 * cannot be counted from outside; uniqueness rests on the number alone.
 */
export function orderIdOf(
  partition: number,
  number: number,
  random: number,
): string {
  // 36^4 = 1,679,616 tails in four characters.
  const tail = (random % 1679616).toString(36).padStart(4, "0");
  return `o-${partition.toString(36)}-${number.toString(36)}-${tail}`;
}

/** What stands between the parts of an order id, as a unit of UTF-16. */
export const DASH = 45;

/** The value of a digit of base 36, a unit of UTF-16; NaN for another one. */
export function digitOf(unit: number): number {
  if (unit >= 48 && unit <= 57) return unit - 48;
  return unit >= 97 && unit <= 122 ? unit - 87 : NaN;
}

/**
 * The number that an order id carries; NaN for what is no order id. Two ids can
 * have one number, of which one is a guess: compare the ids.
 */
export function numberOfOrder(orderId: string): number {
  // Digit by digit, without making a text of them: it is read with every order.
  let index = orderId.lastIndexOf("-");
  let number = 0;
  let place = 1;
  while (--index >= 0) {
    const unit = orderId.charCodeAt(index);
    if (unit === DASH) return place === 1 ? NaN : number;
    number += digitOf(unit) * place;
    place *= 36;
  }
  return NaN;
}

/** The storefront partition that an order id names; null: not an order id. */
export function partitionOfOrder(orderId: string): number | null {
  const match = /^o-([0-9a-z]{1,4})-[0-9a-z]{1,11}-[0-9a-z]{4}$/.exec(orderId);
  return match === null ? null : parseInt(match[1]!, 36);
}

/**
 * The id of a hold. A key has no spaces, so the three parts never run into
 * one another. `number` is null for the hold that a one-shard order tries
 * first: it derives from user and key alone, so a retry finds it.
 */
export function holdIdOf(
  key: string,
  userId: string,
  number: number | null,
): string {
  return `${key} ${number === null ? "-" : number.toString(36)} ${userId}`;
}

/** The id of a payment attempt at the provider. */
export function attemptIdOf(orderId: string, attempt: number): string {
  return `${orderId}-${attempt}`;
}

/** The order that an event places, and which came before it for its user. */
export function newOrder(
  event: OrderPlaced,
  previousId: string | null,
): Order {
  return {
    id: event.orderId,
    userId: event.userId,
    holdId: event.holdId,
    lines: event.lines,
    totalCents: event.totalCents,
    reservedUntilMs: event.reservedUntilMs,
    placedAtMs: event.atMs,
    previousId,
    status: "awaiting_payment",
    attempts: 0,
  };
}

/** An order, whatever it is kept as. */
export function orderFrom(known: KnownOrder): Readonly<Order> {
  return "kind" in known ? newOrder(known, null) : known;
}

/** The order as its buyer sees it, in its own status unless told otherwise. */
export function viewOf(
  order: Readonly<Order>,
  status = order.status,
): OrderView {
  return {
    id: order.id,
    status,
    lines: order.lines,
    totalCents: order.totalCents,
    reservedUntilMs: order.reservedUntilMs,
    placedAtMs: order.placedAtMs,
  };
}

/** One line per SKU, in the order in which the SKUs first appear. */
export function mergeLines(lines: readonly Line[]): readonly Line[] {
  if (lines.length === 1) return lines;
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) {
    quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  }
  if (quantities.size === lines.length) return lines;
  const merged: Line[] = [];
  for (const [sku, quantity] of quantities) merged.push({ sku, quantity });
  return merged;
}

/** True when both, merged, ask for the same in the same order. */
export function sameLines(
  left: readonly Line[],
  right: readonly Line[],
): boolean {
  return left.length === right.length &&
    left.every((line, index) =>
      line.sku === right[index]!.sku &&
      line.quantity === right[index]!.quantity
    );
}

/**
 * The merged lines with the prices under which they are held; `held` itself
 * where it is that already, since an order's are kept for long. Throws when a
 * line is not among the held ones: a shard answered for another hold.
 */
export function priceLines(
  lines: readonly Line[],
  held: readonly PricedLine[],
): readonly PricedLine[] {
  // One shard answers in the order of the request; several do not.
  if (sameLines(lines, held)) return held;
  return lines.map((line) => {
    const priced = held.find((other) => other.sku === line.sku);
    if (priced?.quantity !== line.quantity) {
      throw new Error(`Cannot price "${line.sku}" as its hold differs`);
    }
    return priced;
  });
}

/** What the lines cost together. */
export function totalCentsOf(lines: readonly PricedLine[]): number {
  let totalCents = 0;
  for (let index = 0; index < lines.length; index++) {
    const { priceCents, quantity } = lines[index]!;
    totalCents += priceCents * quantity;
  }
  return totalCents;
}

/** The numbers of the inventory shards that keep the lines, ascending. */
export function shardsOf(
  lines: readonly Line[],
  shards: ShardMap,
): number[] {
  if (lines.length === 1) return [partitionOf(lines[0]!.sku, shards)];
  const numbers = new Set<number>();
  for (const line of lines) numbers.add(partitionOf(line.sku, shards));
  return [...numbers].sort((left, right) => left - right);
}
