/**
 * An order book's past as what came of it: the few events from which the book
 * is folded again without the orders that were over, so that the many can be
 * archived. What is not over is left out of nothing: its payment, what it owes
 * its shards and the keys that made it are carried on.
 *
 * @module
 */
import type { Obligation } from "./obligation.ts";
import {
  numberOfOrder,
  type Order,
  orderFrom,
  type PaymentAttempt,
  type StartedOrder,
} from "./order.ts";
import type { StorefrontState } from "./order_book.ts";

/** What of a book does not belong to one order. The first event of a book. */
export interface BookCarried {
  readonly kind: "book_carried";
  /** Order numbers given out. */
  readonly issued: number;
  /** As in `KeyMemory`. */
  readonly keysSinceMs: number;
  readonly keyGenerations: number;
}

/** How an order stood that was not over. */
export interface OrderCarried {
  readonly kind: "order_carried";
  readonly orderId: string;
  /** Null: it is not placed. */
  readonly order: Order | null;
  /** It is its user's newest order. */
  readonly isNewest: boolean;
  readonly started: StartedOrder | null;
  readonly payment: PaymentAttempt | null;
  readonly obligation: Obligation | null;
}

/** A key that made an order which was not over, or paid for it. */
export interface KeyCarried {
  readonly kind: "key_carried";
  readonly generation: number;
  readonly scope: string;
  readonly use: string;
}

/** What a book that was archived begins with. */
export type CarriedEvent = BookCarried | OrderCarried | KeyCarried;

/** The events that make up a book again, less the orders that are over. */
export function* carryOrders(state: StorefrontState): Generator<CarriedEvent> {
  const { issued, keys } = state;
  yield {
    kind: "book_carried",
    issued,
    keysSinceMs: keys.sinceMs,
    keyGenerations: keys.generations.length,
  };
  const kept = keptOrders(state);
  const ids = new Set([
    ...kept.keys(),
    ...state.started.keys(),
    ...state.obligations.keys(),
  ]);
  for (const orderId of ids) {
    const order = kept.get(orderId) ?? null;
    yield {
      kind: "order_carried",
      orderId,
      order: order && { ...order.order, previousId: order.previousId },
      isNewest: order?.isNewest ?? false,
      started: state.started.get(orderId) ?? null,
      payment: state.paying.get(orderId) ?? null,
      obligation: state.obligations.get(orderId) ?? null,
    };
  }
  // A key that paid names its order and the method.
  for (const [generation, uses] of keys.generations.entries()) {
    for (const [scope, use] of uses) {
      if (!kept.has(use.split(" ", 1)[0]!)) continue;
      yield { kind: "key_carried", generation, scope, use };
    }
  }
}

/** Nothing will happen to it any more: who pays waits or is owed a refund. */
function isOver(
  state: StorefrontState,
  { id, status }: Readonly<Order>,
): boolean {
  return status !== "awaiting_payment" && status !== "refund_pending" &&
    !state.obligations.has(id);
}

interface Kept {
  readonly order: Readonly<Order>;
  /** The user's order before it that is kept too. */
  readonly previousId: string | null;
  readonly isNewest: boolean;
}

/** Every order that is not over, a user's oldest first. */
function keptOrders(state: StorefrontState): Map<string, Kept> {
  const kept = new Map<string, Kept>();
  for (const newestId of state.newestOf.values()) {
    const ofUser: Readonly<Order>[] = [];
    let id: string | null = newestId;
    while (id !== null) {
      const order: Readonly<Order> = orderFrom(
        state.orders[numberOfOrder(id) - 1]!,
      );
      if (!isOver(state, order)) ofUser.push(order);
      id = order.previousId;
    }
    ofUser.reverse().forEach((order, index) => {
      const previousId = ofUser[index - 1]?.id ?? null;
      const isNewest = index === ofUser.length - 1;
      kept.set(order.id, { order, previousId, isNewest });
    });
  }
  return kept;
}

/** Folds one of these events into a book that is new. */
export function applyCarried(
  state: StorefrontState,
  event: CarriedEvent,
): void {
  const { keys } = state;
  switch (event.kind) {
    case "book_carried":
      state.issued = event.issued;
      keys.sinceMs = event.keysSinceMs;
      while (keys.generations.length < event.keyGenerations) {
        keys.generations.push(new Map());
      }
      return;
    case "order_carried":
      return applyOrder(state, event);
    case "key_carried":
      keys.generations[event.generation]!.set(event.scope, event.use);
      return;
  }
}

function applyOrder(state: StorefrontState, event: OrderCarried): void {
  const { orderId, order, isNewest, started, payment, obligation } = event;
  if (order !== null) {
    const index = numberOfOrder(orderId) - 1;
    while (state.orders.length < index) state.orders.push(null);
    state.orders[index] = { ...order };
    if (isNewest) state.newestOf.set(order.userId, orderId);
  }
  if (started !== null) state.started.set(orderId, started);
  if (payment !== null) state.paying.set(orderId, { ...payment });
  if (obligation !== null) state.obligations.set(orderId, obligation);
}
