/**
 * Placing an order: the key first, then one reserve per shard, in shard order,
 * all lines or none. For an order on one shard the hold itself is the intent,
 * and nothing is recorded before it is made (ADR 0003); an order on several
 * shards is recorded as started, so that a crash half-way leaves a trace that
 * `recovered` can clean up.
 *
 * @module
 */
import type { Answered, Asker, Context } from "../runtime/actor.ts";
import { failed, ok, type Outcome } from "../runtime/outcome.ts";
import type {
  Held,
  InventoryRef,
  Line,
  PricedLine,
} from "../inventory_shard.ts";
import { dischargeObligation } from "./obligation.ts";
import {
  holdIdOf,
  mergeLines,
  newOrder,
  orderIdOf,
  type OrderPlaced,
  priceLines,
  sameLines,
  shardsOf,
  type StorefrontEvent,
  totalCentsOf,
  viewOf,
} from "./order.ts";
import {
  orderOf,
  placeScope,
  type StorefrontState,
  usedKey,
} from "./order_book.ts";
import { partitionOf } from "../placement.ts";
import { refuse } from "../refusals.ts";
import type { Placed, PlaceOrder, StorefrontMail } from "../storefront.ts";
import { watchDeadline } from "./order_deadlines.ts";

/** An order that is being placed; lost with the incarnation. */
export interface Placing {
  readonly asker: Asker;
  readonly userId: string;
  readonly key: string;
  readonly lines: readonly Line[];
  /** Shards that keep the lines, ascending. */
  readonly shards: readonly number[];
  readonly untilMs: number;
  holdId: string;
  /** Null as long as nothing is recorded of it. */
  orderId: string | null;
  /** Lines held so far, by the shards that have answered. */
  held: readonly PricedLine[];
  /** How many shards have said yes. */
  answered: number;
}

/** A shard's answer to a reserve; `about` is the scope of the key. */
export type ReserveAnswered = Answered<"reserve_answered", Held, string>;

type StorefrontContext = Context<StorefrontMail, StorefrontEvent>;

/**
 * A shard answers within a millisecond, or once its worker is back, which takes
 * well under a second after a crash. A worker that hangs is not waited for.
 */
const RESERVE_WITHIN_MS = 2_000;

/** 20,000 orders a second, the most a storefront takes, for 2 s each. */
const MAX_PLACING = 40_000;

const OVERLOADED = failed("overloaded", RESERVE_WITHIN_MS);

/** Takes the request: replays it, refuses it, or begins to hold its lines. */
export function placeOrder(
  ctx: StorefrontContext,
  state: StorefrontState,
  message: PlaceOrder,
): void {
  const { userId, key } = message;
  if (message.lines.length === 0) return ctx.reply(refuse("invalid-input"));
  const lines = mergeLines(message.lines);
  const scope = placeScope(key, userId);
  const { args, placing } = state.volatile;
  const nowMs = ctx.now();
  const used = usedKey(state, scope);
  if (used !== undefined) {
    const { placedAtMs } = orderOf(state, used);
    if (nowMs < placedAtMs + args.keepKeysMs) {
      return replay(ctx, state, used, lines);
    }
  }
  const running = placing.get(scope);
  if (running !== undefined) {
    const isSame = sameLines(running.lines, lines);
    return ctx.reply(isSame ? IN_FLIGHT : KEY_REUSED);
  }
  if (placing.size >= MAX_PLACING) return ctx.reply(OVERLOADED);
  const order: Placing = {
    asker: ctx.asker(),
    userId,
    key,
    lines,
    shards: shardsOf(lines, args.shards),
    untilMs: nowMs + args.holdForMs,
    holdId: scope,
    orderId: null,
    held: [],
    answered: 0,
  };
  placing.set(scope, order);
  // A key beyond its promised age may still name a hold that a shard knows.
  if (order.shards.length > 1 || used !== undefined) {
    recordStarted(ctx, state, order);
  }
  askReserve(ctx, state, scope, order);
}

const IN_FLIGHT = refuse("idempotency-in-flight", { retryAfterMs: 1_000 });
const KEY_REUSED = refuse("idempotency-key-reused");

/** Goes on with an order after a shard has answered. */
export function reserveAnswered(
  ctx: StorefrontContext,
  state: StorefrontState,
  message: ReserveAnswered,
): void {
  const { outcome, about: scope } = message;
  const order = state.volatile.placing.get(scope);
  if (order === undefined) {
    throw new Error(`Cannot go on with "${scope}" as it is not being placed`);
  }
  if (outcome.kind === "ok") {
    const { lines } = outcome.value;
    order.held = order.answered === 0 ? lines : [...order.held, ...lines];
    order.answered++;
    if (order.answered < order.shards.length) {
      return askReserve(ctx, state, scope, order);
    }
    state.volatile.placing.delete(scope);
    return recordPlaced(ctx, state, order, outcome.value.untilMs);
  }
  if (isSpent(outcome) && order.orderId === null) {
    recordStarted(ctx, state, order);
    return askReserve(ctx, state, scope, order);
  }
  state.volatile.placing.delete(scope);
  if (order.orderId !== null) {
    // Only a refusal or a failure proves that this shard holds nothing.
    const holding = order.answered + (outcome.kind === "unknown" ? 1 : 0);
    abandonOrder(ctx, state, order.orderId, order.shards.slice(0, holding));
  }
  ctx.answer(order.asker, outcome);
}

/** The hold of that id was made for this key before and has ended. */
function isSpent(outcome: Outcome<Held>): boolean {
  return outcome.kind === "rejected" && outcome.code === "order-expired";
}

/**
 * Records that a started order will not be placed and gives back what `shards`
 * may hold of it. Its hold id carries an order number that is never used
 * again, so the tombstones cannot meet a retry.
 */
export function abandonOrder(
  ctx: StorefrontContext,
  state: StorefrontState,
  orderId: string,
  shards: readonly number[],
): void {
  ctx.record({ kind: "order_abandoned", orderId, shards, atMs: ctx.now() });
  ctx.count("orders_abandoned");
  dischargeObligation(ctx, state, orderId);
}

function replay(
  ctx: StorefrontContext,
  state: StorefrontState,
  orderId: string,
  lines: readonly Line[],
): void {
  const order = orderOf(state, orderId);
  if (!sameLines(order.lines, lines)) return ctx.reply(KEY_REUSED);
  ctx.count("orders_replayed");
  const view = viewOf(order, "awaiting_payment");
  ctx.reply(ok<Placed>({ order: view, replayed: true }));
}

/** Gives the order a number and a hold of that number. */
function recordStarted(
  ctx: StorefrontContext,
  state: StorefrontState,
  order: Placing,
): void {
  const { userId, key, lines, untilMs } = order;
  order.orderId = nextOrderId(ctx, state);
  order.holdId = holdIdOf(key, userId, state.issued + 1);
  ctx.record({
    kind: "order_started",
    orderId: order.orderId,
    userId,
    key,
    holdId: order.holdId,
    lines,
    untilMs,
    atMs: ctx.now(),
  });
}

function nextOrderId(ctx: StorefrontContext, state: StorefrontState): string {
  const { partition } = state.volatile.args;
  return orderIdOf(partition, state.issued + 1, ctx.random());
}

function askReserve(
  ctx: StorefrontContext,
  state: StorefrontState,
  scope: string,
  order: Placing,
): void {
  const { holdId, userId, untilMs, shards } = order;
  const { args, shardAddresses } = state.volatile;
  const shard = shards[order.answered]!;
  const lines = shards.length === 1
    ? order.lines
    : order.lines.filter((line) =>
      partitionOf(line.sku, args.shards) === shard
    );
  ctx.ask(
    shardAddresses[shard]! as InventoryRef,
    { kind: "reserve", holdId, userId, lines, untilMs },
    { as: "reserve_answered", withinMs: RESERVE_WITHIN_MS, about: scope },
  );
}

function recordPlaced(
  ctx: StorefrontContext,
  state: StorefrontState,
  order: Placing,
  heldUntilMs: number,
): void {
  const { userId, key, holdId } = order;
  const lines = priceLines(order.lines, order.held);
  const event: OrderPlaced = {
    kind: "order_placed",
    orderId: order.orderId ?? nextOrderId(ctx, state),
    userId,
    key,
    holdId,
    lines,
    totalCents: totalCentsOf(lines),
    reservedUntilMs: heldUntilMs,
    atMs: ctx.now(),
  };
  ctx.record(event);
  ctx.count("orders_placed");
  watchDeadline(ctx, state, event.orderId, event.reservedUntilMs);
  const view = viewOf(newOrder(event, null));
  ctx.answer(order.asker, ok<Placed>({ order: view, replayed: false }));
}
