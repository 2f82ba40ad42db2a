/**
 * What a storefront knows: its customers' orders and which keys made them. The
 * durable part changes only here, by folding facts; a fact that does not fit
 * the order's state is a bug and throws. What lives under `volatile` (waiting
 * buyers, deadlines, progress) is built anew by every incarnation.
 *
 * @module
 */
import { type Deadlines, newDeadlines } from "./order_deadlines.ts";
import { applyCarried, type CarriedEvent } from "./order_archive.ts";
import type { CheckoutFlow } from "./checkout.ts";
import type { Obligation, Progress } from "./obligation.ts";
import {
  holdIdOf,
  type KnownOrder,
  newOrder,
  numberOfOrder,
  type Order,
  type OrderFact,
  orderFrom,
  type OrderPlaced,
  type OrderStatus,
  type PaymentAttempt,
  shardsOf,
  type StartedOrder,
  type StorefrontEvent,
} from "./order.ts";
import { addressOf, partitionCount } from "../placement.ts";
import { PassingMap } from "../runtime/passing_map.ts";
import type { Placing } from "./placing.ts";
import type { StorefrontArgs } from "../storefront.ts";

/** Everything that a storefront partition knows. */
export interface StorefrontState {
  /** Order numbers given out so far. */
  issued: number;
  /**
   * By number, from 1 at index 0; null: not placed, or not yet. A map by id
   * cost a third of all that placing an order did to memory, once there were
   * many, and of folding it.
   */
  readonly orders: (KnownOrder | null)[];
  /** Each user's newest order; the older ones follow by `previousId`. */
  readonly newestOf: Map<string, string>;
  readonly started: Map<string, StartedOrder>;
  /** Payments under way, by order. */
  readonly paying: Map<string, PaymentAttempt>;
  /** What shards have not acknowledged yet, by order; at most one each. */
  readonly obligations: Map<string, Obligation>;
  readonly keys: KeyMemory;
  volatile: Volatile;
}

/** Idempotency keys that took effect, in generations, the newest first. */
export interface KeyMemory {
  /** When the newest generation began. */
  sinceMs: number;
  readonly generations: Map<string, string>[];
}

/** What an incarnation builds for itself. */
export interface Volatile {
  readonly args: StorefrontArgs;
  /** Addresses of the inventory shards, by number. */
  readonly shardAddresses: readonly string[];
  /** Orders being placed, by the scope of their key. */
  readonly placing: PassingMap<string, Placing>;
  /** Buyers who pay, by order. */
  readonly flows: Map<string, CheckoutFlow>;
  /** Who has acknowledged an obligation, by order. */
  readonly progress: Map<string, Progress>;
  readonly deadlines: Deadlines;
}

/** The order book before the first order. */
export function newOrderBook(args: StorefrontArgs): StorefrontState {
  const shardAddresses: string[] = [];
  for (let shard = 0; shard < partitionCount(args.shards); shard++) {
    shardAddresses.push(addressOf("inventory", shard));
  }
  return {
    issued: 0,
    orders: [],
    newestOf: new Map(),
    started: new Map(),
    paying: new Map(),
    obligations: new Map(),
    keys: { sinceMs: 0, generations: [new Map()] },
    volatile: {
      args,
      shardAddresses,
      placing: new PassingMap(),
      flows: new Map(),
      progress: new Map(),
      deadlines: newDeadlines(),
    },
  };
}

/**
 * The order of that id as it stands now: what is recorded later may not show in
 * it. Throws when there is none: a bug, not a refusal.
 */
export function orderOf(
  state: StorefrontState,
  orderId: string,
): Readonly<Order> {
  return orderFrom(knownOf(state, orderId));
}

function knownOf(state: StorefrontState, orderId: string): KnownOrder {
  const known = findKnown(state, orderId);
  if (known !== undefined) return known;
  throw new Error(`Cannot go on with order "${orderId}" as it is unknown`);
}

/** The order of that id, kept from now on as what can be changed. */
function changeOrder(state: StorefrontState, orderId: string): Order {
  const known = knownOf(state, orderId);
  if (!("kind" in known)) return known;
  return state.orders[numberOfOrder(orderId) - 1] = newOrder(known, null);
}

/** The user's order of that id; undefined: unknown, or somebody else's. */
export function orderOfUser(
  state: StorefrontState,
  orderId: string,
  userId: string,
): Readonly<Order> | undefined {
  const order = findOrder(state, orderId);
  return order?.userId === userId ? order : undefined;
}

/** The order of that id; undefined when there is none. */
export function findOrder(
  state: StorefrontState,
  orderId: string,
): Readonly<Order> | undefined {
  const known = findKnown(state, orderId);
  return known && orderFrom(known);
}

function findKnown(
  state: StorefrontState,
  orderId: string,
): KnownOrder | undefined {
  const known = state.orders[numberOfOrder(orderId) - 1];
  if (known === undefined || known === null) return undefined;
  const id = "kind" in known ? known.orderId : known.id;
  return id === orderId ? known : undefined;
}

/** Every order, in order of number. */
export function* allOrders(
  state: StorefrontState,
): Generator<Readonly<Order>> {
  for (const known of state.orders) if (known !== null) yield orderFrom(known);
}

/** Names the use of a key for placing an order. */
export function placeScope(key: string, userId: string): string {
  // The same text as the plain hold id, so that both are one string.
  return holdIdOf(key, userId, null);
}

/** Names the use of a key for paying. */
export function payScope(key: string, userId: string): string {
  return `${key} pay ${userId}`;
}

/**
 * What a key took effect on, undefined when it is not remembered. Memory is
 * longer than the promise: the caller looks at the age of what it finds.
 */
export function usedKey(
  state: StorefrontState,
  scope: string,
): string | undefined {
  for (const generation of state.keys.generations) {
    const use = generation.get(scope);
    if (use !== undefined) return use;
  }
  return undefined;
}

/**
 * Four generations of half the promised time each: a key is remembered for
 * 1.5 to 2 times `keepKeysMs`, so after the promise has ended the storefront
 * still knows, for 12 h of 24, that the key's plain hold id is spent (a shard
 * remembers a resolved hold a little longer than the promise). Forgetting
 * drops a whole map: no slice, no scan, and the same in every fold.
 */
const GENERATIONS = 4;

function rememberKey(
  state: StorefrontState,
  scope: string,
  use: string,
  atMs: number,
): void {
  const { keys } = state;
  if (atMs - keys.sinceMs >= state.volatile.args.keepKeysMs / 2) {
    keys.sinceMs = atMs;
    keys.generations.unshift(new Map());
    if (keys.generations.length > GENERATIONS) keys.generations.pop();
  }
  keys.generations[0]!.set(scope, use);
}

/** Folds one fact into the book. Throws when the fact does not fit. */
export function applyEvent(
  state: StorefrontState,
  event: StorefrontEvent | CarriedEvent,
): void {
  switch (event.kind) {
    case "order_started": {
      const { holdId, lines, untilMs } = event;
      state.issued++;
      state.started.set(event.orderId, { holdId, lines, untilMs });
      return;
    }
    case "order_placed":
      return applyPlaced(state, event);
    case "order_abandoned": {
      const started = state.started.get(event.orderId);
      if (started === undefined) throw misfit(event, "not started");
      state.started.delete(event.orderId);
      return owe(state, event.orderId, {
        duty: "release",
        holdId: started.holdId,
        shards: event.shards,
        untilMs: started.untilMs,
      });
    }
    case "order_cancelled":
      if (state.paying.has(event.orderId)) throw misfit(event, "being paid");
      move(state, event, "awaiting_payment", "cancelled");
      return oweAll(state, event.orderId, "release");
    case "order_expired":
      move(state, event, "awaiting_payment", "expired");
      // Some holds may be pinned for a payment that found another one gone.
      if (state.paying.delete(event.orderId)) {
        oweAll(state, event.orderId, "unpin");
      }
      return;
    case "obligation_met":
      if (!state.obligations.delete(event.orderId)) {
        throw misfit(event, "free of obligations");
      }
      return;
    case "book_carried":
    case "order_carried":
    case "key_carried":
      return applyCarried(state, event);
    default:
      return applyPayment(state, event);
  }
}

function applyPlaced(state: StorefrontState, event: OrderPlaced): void {
  const { orderId, userId, holdId, atMs } = event;
  const number = numberOfOrder(orderId);
  if (!(number >= 1)) throw misfit(event, "not of this storefront");
  if (state.orders[number - 1] != null) throw misfit(event, "placed");
  // Nearly always none is, and an id that is looked up once need not be hashed.
  const wasStarted = state.started.size > 0 && state.started.delete(orderId);
  if (!wasStarted) state.issued++;
  // Orders over several shards can be placed out of order.
  while (state.orders.length < number - 1) state.orders.push(null);
  const previousId = state.newestOf.get(userId);
  state.orders[number - 1] = previousId === undefined
    ? event
    : newOrder(event, previousId);
  state.newestOf.set(userId, orderId);
  // An order that was not started has the plain hold: one string for both.
  const scope = wasStarted ? placeScope(event.key, userId) : holdId;
  rememberKey(state, scope, orderId, atMs);
}

type PaymentFact = Exclude<
  StorefrontEvent,
  {
    kind:
      | "order_started"
      | "order_placed"
      | "order_abandoned"
      | "order_cancelled"
      | "order_expired"
      | "obligation_met";
  }
>;

function applyPayment(state: StorefrontState, event: PaymentFact): void {
  const { orderId } = event;
  if (event.kind === "payment_started") {
    if (state.paying.has(orderId)) throw misfit(event, "being paid");
    const { attempt, key, method } = event;
    changeOrder(state, orderId).attempts = attempt;
    state.paying.set(orderId, { attempt, key, method, captured: false });
    return;
  }
  const order = orderOf(state, orderId);
  const paying = state.paying.get(orderId);
  if (paying === undefined) throw misfit(event, "not being paid");
  const moved = event.kind !== "payment_captured" &&
    event.kind !== "payment_declined";
  if (paying.captured !== moved) throw misfit(event, "elsewhere in paying");
  switch (event.kind) {
    case "payment_captured": {
      const use = `${orderId} ${paying.method}`;
      paying.captured = true;
      rememberKey(state, payScope(paying.key, order.userId), use, event.atMs);
      return oweAll(state, orderId, "confirm");
    }
    case "payment_declined":
      state.paying.delete(orderId);
      return oweAll(state, orderId, "unpin");
    case "order_paid":
      move(state, event, "awaiting_payment", "paid");
      state.paying.delete(orderId);
      state.obligations.delete(orderId);
      return;
    case "refund_pending": {
      move(state, event, "awaiting_payment", "refund_pending");
      const { holdId, reservedUntilMs: untilMs } = order;
      const { shards } = event;
      return owe(state, orderId, {
        duty: "return_stock",
        holdId,
        shards,
        untilMs,
      });
    }
    case "order_refunded":
      move(state, event, "refund_pending", "refunded");
      state.paying.delete(orderId);
      return;
    default:
      // Leaving out what another release wrote would lose it in silence.
      throw misfit(event, "not a fact that is known here");
  }
}

/** The order now owes this, instead of what it may have owed before. */
function owe(
  state: StorefrontState,
  orderId: string,
  obligation: Obligation,
): void {
  if (obligation.shards.length === 0) state.obligations.delete(orderId);
  else state.obligations.set(orderId, obligation);
}

function oweAll(
  state: StorefrontState,
  orderId: string,
  duty: Obligation["duty"],
): void {
  const { holdId, lines, reservedUntilMs: untilMs } = orderOf(state, orderId);
  const shards = shardsOf(lines, state.volatile.args.shards);
  owe(state, orderId, { duty, holdId, shards, untilMs });
}

function move(
  state: StorefrontState,
  event: StorefrontEvent,
  from: OrderStatus,
  to: OrderStatus,
): void {
  const order = changeOrder(state, event.orderId);
  if (order.status !== from) throw misfit(event, order.status);
  order.status = to;
}

function misfit(event: StorefrontEvent & OrderFact, found: string): Error {
  return new Error(
    `Cannot apply "${event.kind}" to "${event.orderId}" as it is ${found}`,
  );
}
