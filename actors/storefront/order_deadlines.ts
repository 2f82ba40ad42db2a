/**
 * When orders run out unpaid. Their ids lie in buckets of one second, so adding
 * one costs the same with a million others, and an order that was paid
 * meanwhile is only noticed, and skipped, when its bucket is due. One timer
 * stands for all, and a full bucket is worked off in slices. An order is marked
 * up to a second late; its stock is back earlier and needs nothing from here,
 * since the shard keeps the deadline of the hold itself.
 *
 * @module
 */
import type { Context } from "../runtime/actor.ts";
import type { Order, StorefrontEvent } from "./order.ts";
import { allOrders, orderOf, type StorefrontState } from "./order_book.ts";
import type { StorefrontMail } from "../storefront.ts";

/** Order ids by the second in which they are due. */
export interface Deadlines {
  readonly buckets: Map<number, string[]>;
  /** No bucket is earlier; Infinity when there is none. */
  nextSecond: number;
  /** The wall time for which the timer is armed; Infinity: it is not. */
  armedForMs: number;
}

/** No deadlines yet. */
export function newDeadlines(): Deadlines {
  return { buckets: new Map(), nextSecond: Infinity, armedForMs: Infinity };
}

/** The storefront's own timer: orders may have run out. */
export interface ExpireOrders {
  readonly kind: "expire_orders";
}

type StorefrontContext = Context<StorefrontMail, StorefrontEvent>;

/** Orders marked in one step: well under a millisecond of work. */
const MARKED_PER_STEP = 256;

/** Orders looked at in one step; most were paid and cost only a look. */
const SEEN_PER_STEP = 2_048;

/** Will mark the order when it is still unpaid at `atMs`. */
export function watchDeadline(
  ctx: StorefrontContext,
  state: StorefrontState,
  orderId: string,
  atMs: number,
): void {
  addDeadline(state.volatile.deadlines, orderId, atMs);
  armTimer(ctx, state);
}

/** Watches every order that waits for its payment; after a fold. */
export function watchAllDeadlines(
  ctx: StorefrontContext,
  state: StorefrontState,
): void {
  const { deadlines } = state.volatile;
  for (const order of allOrders(state)) {
    if (order.status === "awaiting_payment") {
      addDeadline(deadlines, order.id, order.reservedUntilMs);
    }
  }
  armTimer(ctx, state);
}

/** Marks a slice of the orders that are due, and comes again for the rest. */
export function expireOrders(
  ctx: StorefrontContext,
  state: StorefrontState,
): void {
  const { deadlines } = state.volatile;
  const nowMs = ctx.now();
  deadlines.armedForMs = Infinity;
  let marked = 0;
  for (let seen = 0; seen < SEEN_PER_STEP && marked < MARKED_PER_STEP; seen++) {
    const orderId = takeDue(deadlines, nowMs);
    if (orderId === undefined) break;
    const order = orderOf(state, orderId);
    const { status } = order;
    if (expireWhenDue(ctx, state, order).status !== status) marked++;
  }
  armTimer(ctx, state);
}

/**
 * Records that the order has expired when its time is up and nobody is paying
 * for it. Returns the order as it stands then.
 */
export function expireWhenDue(
  ctx: StorefrontContext,
  state: StorefrontState,
  order: Readonly<Order>,
): Readonly<Order> {
  const atMs = ctx.now();
  if (order.status !== "awaiting_payment") return order;
  if (order.reservedUntilMs > atMs || state.paying.has(order.id)) return order;
  ctx.record({ kind: "order_expired", orderId: order.id, atMs });
  ctx.count("orders_expired");
  return orderOf(state, order.id);
}

function armTimer(ctx: StorefrontContext, state: StorefrontState): void {
  const { deadlines } = state.volatile;
  const dueMs = deadlines.nextSecond * 1000;
  if (dueMs >= deadlines.armedForMs) return;
  deadlines.armedForMs = dueMs;
  const delayMs = Math.max(0, dueMs - ctx.now());
  ctx.timer("expire_orders", delayMs, { kind: "expire_orders" });
}

/** Adds an order that runs out at `atMs`. */
function addDeadline(
  deadlines: Deadlines,
  orderId: string,
  atMs: number,
): void {
  const second = Math.ceil(atMs / 1000);
  const bucket = deadlines.buckets.get(second);
  if (bucket === undefined) deadlines.buckets.set(second, [orderId]);
  else bucket.push(orderId);
  if (second < deadlines.nextSecond) deadlines.nextSecond = second;
}

/** Takes out one order that is due; undefined when none is. */
function takeDue(
  deadlines: Deadlines,
  nowMs: number,
): string | undefined {
  const { buckets } = deadlines;
  while (deadlines.nextSecond * 1000 <= nowMs) {
    const bucket = buckets.get(deadlines.nextSecond);
    if (bucket !== undefined && bucket.length > 0) return bucket.pop();
    buckets.delete(deadlines.nextSecond);
    if (buckets.size === 0) deadlines.nextSecond = Infinity;
    else deadlines.nextSecond++;
  }
  return undefined;
}
