/**
 * A storefront: the actor of a customer partition, keyed by user. It keeps its
 * customers' orders and idempotency keys and leads each order through its
 * life: the key first, then the holds at the shards, then the payment. It owns
 * no stock; whatever it asks of a shard may be asked again, so a crash between
 * any two steps ends in an order that resolves exactly once. What each part of
 * the life does stands in `placing.ts`, `checkout.ts` and `obligation.ts`.
 *
 * @module
 */
import type { Asks, Behavior, Context, Ref, Signal } from "./runtime/actor.ts";
import { ok } from "./runtime/outcome.ts";
import {
  askChargeStatus,
  askRefund,
  type ChargeAnswered,
  chargeAnswered,
  type CheckoutTimer,
  confirmAnswered,
  paymentSlow,
  payOrder,
  type PinAnswered,
  pinAnswered,
  type RefundAnswered,
  refundAnswered,
  resumePayments,
} from "./storefront/checkout.ts";
import type { Line } from "./inventory_shard.ts";
import type { ShardMap } from "./placement.ts";
import {
  dischargeObligation,
  type DutyAnswered,
  dutyAnswered,
  type DutyDue,
  dutyDue,
} from "./storefront/obligation.ts";
import {
  type OrderView,
  shardsOf,
  type StorefrontEvent,
  viewOf,
} from "./storefront/order.ts";
import {
  applyEvent,
  newOrderBook,
  orderOf,
  orderOfUser,
  type StorefrontState,
} from "./storefront/order_book.ts";
import {
  type ExpireOrders,
  expireOrders,
  expireWhenDue,
  watchAllDeadlines,
} from "./storefront/order_deadlines.ts";
import {
  abandonOrder,
  placeOrder,
  type ReserveAnswered,
  reserveAnswered,
} from "./storefront/placing.ts";
import { refuse } from "./refusals.ts";

export { partitionOfOrder } from "./storefront/order.ts";
export type {
  OrderStatus,
  OrderView,
  StorefrontEvent,
} from "./storefront/order.ts";
export type { StorefrontState } from "./storefront/order_book.ts";

/** An order that was placed. */
export interface Placed {
  /** As first answered, awaiting payment, whatever became of it since. */
  readonly order: OrderView;
  /** The key had already taken effect. */
  readonly replayed: boolean;
}

/**
 * Places an order, once per user and key. Refusals are not remembered: the
 * same key is judged afresh. Rejected `sold-out`, `purchase-limit`,
 * `not-found` (a SKU), `idempotency-key-reused`, `idempotency-in-flight`,
 * `invalid-input` (no lines). Failed: no order, nothing stays held. Unknown:
 * an order on one shard may be held and waits there, until its deadline, for
 * the same key to find it.
 */
export interface PlaceOrder extends Asks<Placed> {
  readonly kind: "place_order";
  readonly userId: string;
  readonly key: string;
  readonly lines: readonly Line[];
}

/** Rejected `not-found`, also for another user's order. */
export interface ReadOrder extends Asks<OrderView> {
  readonly kind: "read_order";
  readonly userId: string;
  readonly orderId: string;
}

/** One page of a user's orders. */
export interface OrderPage {
  /** Newest first. */
  readonly items: readonly OrderView[];
  /** The `after` of the next page; null: this is the last. */
  readonly next: string | null;
}

/**
 * Lists a user's orders, those older than `after`, an order id. Rejected
 * `invalid-input` when `after` is no order of the user.
 */
export interface ListOrders extends Asks<OrderPage> {
  readonly kind: "list_orders";
  readonly userId: string;
  readonly limit: number;
  readonly after?: string;
}

/** How a payment stands. */
export interface Payment {
  readonly order: OrderView;
  /** The provider has not said yet; the payment goes on by itself. */
  readonly pending: boolean;
  readonly replayed: boolean;
}

/**
 * Pays an order, once per user and key. After three seconds the answer is
 * `pending`, and the same key asks how it stands. Rejected `not-found`,
 * `order-expired`, `already-paid`, `payment-in-flight`, `payment-declined`,
 * `idempotency-key-reused`, `idempotency-in-flight`. Failed: no money moved.
 */
export interface PayOrder extends Asks<Payment> {
  readonly kind: "pay_order";
  readonly userId: string;
  readonly orderId: string;
  readonly key: string;
  readonly method: string;
}

/**
 * Gives an unpaid order up; a cancelled one stays so. Rejected `not-found`,
 * `payment-in-flight`, `already-paid`, `order-expired`.
 */
export interface CancelOrder extends Asks<OrderView> {
  readonly kind: "cancel_order";
  readonly userId: string;
  readonly orderId: string;
}

/** What buyers ask of a storefront. */
export type StorefrontMessage =
  | PlaceOrder
  | ReadOrder
  | ListOrders
  | PayOrder
  | CancelOrder;

/** All its mail: also the answers and timers that it sends itself. */
export type StorefrontMail =
  | StorefrontMessage
  | ReserveAnswered
  | DutyAnswered
  | DutyDue
  | PinAnswered
  | ChargeAnswered
  | RefundAnswered
  | CheckoutTimer
  | ExpireOrders;

/** The address of a storefront. */
export type StorefrontRef = Ref<StorefrontMessage>;

/** What the topology tells a storefront. */
export interface StorefrontArgs {
  /** Which inventory shard keeps a SKU. */
  readonly shards: ShardMap;
  /** This partition's own number; order ids carry it. */
  readonly partition: number;
  /** How long a buyer may take to pay. */
  readonly holdForMs: number;
  /** Idempotency keys are kept this long (24 h). */
  readonly keepKeysMs: number;
  readonly currency: string;
  readonly paymentGateway: string;
}

type StorefrontContext = Context<StorefrontMail, StorefrontEvent>;

/** The actor of a customer partition; see the module's text. */
export const storefront: Behavior<
  StorefrontState,
  StorefrontMail,
  StorefrontArgs,
  StorefrontEvent
> = {
  name: "storefront",
  start: newOrderBook,
  apply: applyEvent,
  receive,
  signal,
  // What frees stock or settles money goes before new orders.
  urgent: new Set([
    "cancel_order",
    "charge_answered",
    "charge_status_due",
    "duty_answered",
    "duty_due",
    "pay_order",
    "pin_answered",
    "refund_answered",
    "refund_due",
  ]),
  // Who asked has been told that he does not know; asking again finds out.
  droppable: new Set(["list_orders", "place_order", "read_order"]),
  keyOf,
};

function receive(
  ctx: StorefrontContext,
  state: StorefrontState,
  message: StorefrontMail,
): void {
  switch (message.kind) {
    case "place_order":
      return placeOrder(ctx, state, message);
    case "reserve_answered":
      return reserveAnswered(ctx, state, message);
    case "read_order":
      return readOrder(ctx, state, message);
    case "list_orders":
      return listOrders(ctx, state, message);
    case "pay_order":
      return payOrder(ctx, state, message);
    case "pin_answered":
      return pinAnswered(ctx, state, message);
    case "charge_answered":
      return chargeAnswered(ctx, state, message);
    case "charge_status_due":
      return askChargeStatus(ctx, state, message.asked);
    case "payment_slow":
      return paymentSlow(ctx, state, message.orderId);
    case "refund_answered":
      return refundAnswered(ctx, message);
    case "refund_due":
      return askRefund(ctx, state, message.asked);
    case "cancel_order":
      return cancelOrder(ctx, state, message);
    case "duty_answered":
      return endObligation(ctx, state, message);
    case "duty_due":
      return dutyDue(ctx, state, message);
    case "expire_orders":
      return expireOrders(ctx, state);
  }
}

/** Takes up whatever a crash left half done. */
function signal(
  ctx: StorefrontContext,
  state: StorefrontState,
  signal: Signal,
): void {
  if (signal.kind !== "recovered") return;
  watchAllDeadlines(ctx, state);
  for (const orderId of state.obligations.keys()) {
    dischargeObligation(ctx, state, orderId);
  }
  resumePayments(ctx, state);
  // Nobody waits for a half-placed order any more; its buyer asks again.
  const { shards } = state.volatile.args;
  for (const [orderId, { lines }] of [...state.started]) {
    abandonOrder(ctx, state, orderId, shardsOf(lines, shards));
  }
}

function readOrder(
  ctx: StorefrontContext,
  state: StorefrontState,
  { userId, orderId }: ReadOrder,
): void {
  const order = orderOfUser(state, orderId, userId);
  if (order === undefined) return ctx.reply(refuse("not-found"));
  // Its units may be for sale again already: the buyer must see why.
  ctx.reply(ok(viewOf(expireWhenDue(ctx, state, order))));
}

function listOrders(
  ctx: StorefrontContext,
  state: StorefrontState,
  { userId, limit, after }: ListOrders,
): void {
  let orderId = state.newestOf.get(userId) ?? null;
  if (after !== undefined) {
    const last = orderOfUser(state, after, userId);
    if (last === undefined) {
      const detail = "after: expected the id of one of your orders";
      return ctx.reply(refuse("invalid-input", { detail }));
    }
    orderId = last.previousId;
  }
  const items: OrderView[] = [];
  while (orderId !== null && items.length < limit) {
    const order = orderOf(state, orderId);
    items.push(viewOf(order));
    orderId = order.previousId;
  }
  const next = orderId === null ? null : items.at(-1)?.id ?? null;
  ctx.reply(ok<OrderPage>({ items, next }));
}

function cancelOrder(
  ctx: StorefrontContext,
  state: StorefrontState,
  { userId, orderId }: CancelOrder,
): void {
  const known = orderOfUser(state, orderId, userId);
  if (known === undefined) return ctx.reply(refuse("not-found"));
  const order = expireWhenDue(ctx, state, known);
  if (order.status === "cancelled") return ctx.reply(ok(viewOf(order)));
  if (order.status === "paid") return ctx.reply(refuse("already-paid"));
  if (order.status !== "awaiting_payment") {
    return ctx.reply(refuse("order-expired"));
  }
  if (state.paying.has(orderId)) {
    return ctx.reply(refuse("payment-in-flight", { retryAfterMs: 1_000 }));
  }
  ctx.record({ kind: "order_cancelled", orderId, atMs: ctx.now() });
  ctx.count("orders_cancelled");
  ctx.reply(ok(viewOf(order, "cancelled")));
  dischargeObligation(ctx, state, orderId);
}

/** Draws the conclusion when the last shard has answered. */
function endObligation(
  ctx: StorefrontContext,
  state: StorefrontState,
  message: DutyAnswered,
): void {
  const progress = dutyAnswered(ctx, state, message);
  if (progress === null) return;
  const { orderId } = message.about;
  const { duty, refused: shards } = progress;
  if (duty === "confirm") {
    return confirmAnswered(ctx, state, orderId, progress);
  }
  if (shards.length > 0) {
    ctx.log("error", "a shard refuses a duty", { orderId, duty, shards });
  }
  ctx.record({ kind: "obligation_met", orderId, atMs: ctx.now() });
}

/** What a message is about: its order, or the user who sends it. */
function keyOf(message: StorefrontMail): string {
  if ("orderId" in message) return message.orderId;
  if ("userId" in message) return message.userId;
  if ("asked" in message) return message.asked.orderId;
  if (!("about" in message)) return "";
  const { about } = message;
  return typeof about === "string" ? about : about.orderId;
}
