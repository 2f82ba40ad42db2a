/**
 * An inventory shard: the sole writer of its SKUs' stock.
 *
 * A hold is a two-phase transfer: `reserve` sets units aside for an order, all
 * lines or none, in the same step as the check of the user's limit; `confirm`
 * sells them or `release` gives them back, once. The shard keeps the deadline
 * itself, so stock comes back even when nobody asks. A refusal records
 * nothing: saying "sold out" must cost as little as possible. What stock is
 * and how events change it stands in `stock.ts`; here it is decided.
 *
 * @module
 */
import type { Behavior } from "./runtime/actor.ts";
import { type Ok, ok, type Rejected } from "./runtime/outcome.ts";
import {
  createHoldExpiry,
  expire,
  giveBack,
  type HoldExpiry,
  watch,
  watchAll,
  watchUnpinned,
} from "./inventory/hold_expiry.ts";
import type {
  Held,
  InventoryArgs,
  InventoryContext,
  InventoryEvent,
  InventoryMessage,
  Line,
  Pin,
  PricedLine,
  Release,
  Reserve,
} from "./inventory/protocol.ts";
import { type Refusal, refuse } from "./refusals.ts";
import type { Hold } from "./inventory/hold.ts";
import {
  applyStock,
  emptyStock,
  findHold,
  mergeLines,
  type Stock,
  type StockState,
} from "./inventory/stock.ts";
import {
  adjust,
  audit,
  describe,
  openStock,
  type SkuIndex,
} from "./inventory/stock_administration.ts";
import {
  createPublisher,
  markLines,
  markRecent,
  publish,
  type Publisher,
} from "./inventory/stock_publisher.ts";

export type * from "./inventory/protocol.ts";

/** What a shard knows. Only `volatile` changes outside of events. */
export interface InventoryState extends StockState {
  readonly volatile: {
    readonly args: InventoryArgs;
    readonly expiry: HoldExpiry;
    readonly publisher: Publisher;
    readonly index: SkuIndex;
    /**
     * One unit of a SKU with its price, which never changes, as lines: nearly
     * all orders are that, and what their holds have for lines is one array.
     */
    readonly singles: Map<string, readonly PricedLine[]>;
  };
}

// One object for all: a refusal allocates nothing.
const DONE = ok(null);
const SOLD_OUT = refuse("sold-out");
const PURCHASE_LIMIT = refuse("purchase-limit");
const NOT_FOUND = refuse("not-found");
const ORDER_EXPIRED = refuse("order-expired");
const ALREADY_PAID = refuse("already-paid");
const KEY_REUSED = refuse("idempotency-key-reused");
const INVALID_INPUT = refuse("invalid-input");

/** The behavior of an inventory shard. */
export const inventoryShard: Behavior<
  InventoryState,
  InventoryMessage,
  InventoryArgs,
  InventoryEvent
> = {
  name: "inventory",
  // Everything that acts on a hold shares a lane, so that a pin stays before
  // its confirm. A release may overtake its reserve: hence the tombstone.
  urgent: new Set([
    "pin",
    "unpin",
    "confirm",
    "release",
    "return_stock",
    "expire",
    "publish",
  ]),
  // An asker that has given up on a reserve releases it anyway.
  droppable: new Set(["reserve", "describe", "audit"]),
  keyOf,
  start,
  apply: applyStock,
  signal(ctx, state, signal) {
    if (signal.kind === "recovered") recover(ctx, state);
  },
  receive(ctx, state, message) {
    const { expiry, publisher, index } = state.volatile;
    switch (message.kind) {
      case "reserve":
        return reserve(ctx, state, message);
      case "confirm":
        return confirm(ctx, state, message.holdId);
      case "release":
        return release(ctx, state, message);
      case "pin":
        return pin(ctx, state, message);
      case "unpin":
        return unpin(ctx, state, message.holdId);
      case "describe":
        return describe(ctx, state, message);
      case "return_stock":
        return returnStock(ctx, state, message.holdId);
      case "open_stock":
        return openStock(ctx, state, message);
      case "adjust":
        return adjust(ctx, state, publisher, message);
      case "audit":
        return audit(ctx, state, index, message);
      case "expire":
        return expire(ctx, state, expiry, publisher);
      case "publish":
        return publish(ctx, publisher, state.stocks);
    }
  },
};

function start(args: InventoryArgs): InventoryState {
  const { limitPerUser, publishEveryMs } = args;
  requireCount("limitPerUser", limitPerUser ?? 1);
  requireCount("publishEveryMs", publishEveryMs);
  return {
    ...emptyStock(args.limitPerUser !== null),
    volatile: {
      args,
      expiry: createHoldExpiry(),
      publisher: createPublisher(args),
      index: { skus: [] },
      singles: new Map(),
    },
  };
}

function requireCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new RangeError(
    `Cannot start an inventory shard as ${name} must be an integer >= 1: ` +
      `current value is ${value}`,
  );
}

function keyOf(message: InventoryMessage): string {
  // A SKU whose stock is broken stops being sold; the rest of the shard runs.
  if (message.kind === "reserve") return message.lines[0]?.sku ?? "";
  if ("holdId" in message) return message.holdId;
  return "sku" in message ? message.sku ?? "" : "";
}

/** After a fold: deadlines run again, and what may be unheard is said again. */
function recover(ctx: InventoryContext, state: InventoryState): void {
  const { expiry, publisher } = state.volatile;
  watchAll(ctx, expiry, state.holds);
  markRecent(ctx, publisher, state.stocks);
}

function reserve(
  ctx: InventoryContext,
  state: InventoryState,
  message: Reserve,
): void {
  const { holdId, userId, untilMs } = message;
  const lines = mergeLines(message.lines);
  const known = findHold(state, holdId);
  if (known !== undefined) {
    return ctx.reply(answerAgain(known, userId, lines));
  }
  const atMs = ctx.now();
  if (untilMs <= atMs) return ctx.reply(ORDER_EXPIRED);
  if (lines.length === 0) return ctx.reply(INVALID_INPUT);
  const refusal = refusalOf(state, userId, lines);
  if (refusal !== null) return ctx.reply(refusal);
  const priced = priceLines(state, lines);
  ctx.record({
    kind: "stock_held",
    holdId,
    userId,
    lines: priced,
    untilMs,
    atMs,
  });
  watch(ctx, state.volatile.expiry, holdId, untilMs);
  markLines(ctx, state.volatile.publisher, priced);
  ctx.reply(ok({ lines: priced, untilMs }));
}

/** Why these lines cannot be held together; null when they can. */
function refusalOf(
  state: InventoryState,
  userId: string,
  lines: readonly Line[],
): Rejected<Refusal> | null {
  const { limitPerUser } = state.volatile.args;
  for (let index = 0; index < lines.length; index++) {
    const { sku, quantity } = lines[index]!;
    const stock = state.stocks.get(sku);
    const refusal = judge(stock, userId, quantity, limitPerUser);
    if (refusal === null) continue;
    // The buyer of one thing knows which; only several need the name.
    return lines.length === 1 ? refusal : refuse(refusal.code, { detail: sku });
  }
  return null;
}

function judge(
  stock: Stock | undefined,
  userId: string,
  quantity: number,
  limitPerUser: number | null,
): Rejected<Refusal> | null {
  if (stock === undefined) return NOT_FOUND;
  if (!Number.isSafeInteger(quantity) || quantity < 1) return INVALID_INPUT;
  if (limitPerUser !== null) {
    const taken = stock.unitsByUser?.get(userId) ?? 0;
    if (taken + quantity > limitPerUser) return PURCHASE_LIMIT;
  }
  return stock.available < quantity ? SOLD_OUT : null;
}

function priceLines(
  state: InventoryState,
  lines: readonly Line[],
): readonly PricedLine[] {
  const [first] = lines;
  if (lines.length > 1 || first!.quantity !== 1) {
    return lines.map((line) => priceOf(state, line));
  }
  const { singles } = state.volatile;
  let single = singles.get(first!.sku);
  if (single === undefined) {
    single = [priceOf(state, first!)];
    singles.set(first!.sku, single);
  }
  return single;
}

function priceOf(state: InventoryState, { sku, quantity }: Line): PricedLine {
  return { sku, quantity, priceCents: state.stocks.get(sku)!.priceCents };
}

/** The answer to a reserve of a hold that is known. */
function answerAgain(
  hold: Readonly<Hold>,
  userId: string,
  lines: readonly Line[],
): Ok<Held> | Rejected<Refusal> {
  if (hold.lines.length === 0) return ORDER_EXPIRED;
  const isSame = hold.userId === userId &&
    hold.lines.length === lines.length &&
    hold.lines.every(({ sku, quantity }, index) =>
      lines[index]!.sku === sku && lines[index]!.quantity === quantity
    );
  if (!isSame) return KEY_REUSED;
  const stands = hold.status === "open" || hold.status === "sold";
  return stands
    ? ok({ lines: hold.lines, untilMs: hold.untilMs })
    : ORDER_EXPIRED;
}

function confirm(
  ctx: InventoryContext,
  state: InventoryState,
  holdId: string,
): void {
  const status = findHold(state, holdId)?.status;
  if (status === "open") {
    // Past its deadline too: it stands until the sweep has released it.
    ctx.record({ kind: "stock_sold", holdId, atMs: ctx.now() });
  } else if (status !== "sold") return ctx.reply(ORDER_EXPIRED);
  ctx.reply(DONE);
}

function release(
  ctx: InventoryContext,
  state: InventoryState,
  { holdId, untilMs }: Release,
): void {
  const hold = findHold(state, holdId);
  if (hold?.status === "sold") return ctx.reply(ALREADY_PAID);
  if (hold?.status === "open") {
    giveBack(ctx, state.volatile.publisher, hold, "released");
  } else if (hold === undefined && untilMs > ctx.now()) {
    ctx.record({ kind: "hold_refused", holdId, untilMs, atMs: ctx.now() });
  }
  ctx.reply(DONE);
}

function returnStock(
  ctx: InventoryContext,
  state: InventoryState,
  holdId: string,
): void {
  const hold = findHold(state, holdId);
  if (hold === undefined) return ctx.reply(NOT_FOUND);
  if (hold.status === "open") {
    giveBack(ctx, state.volatile.publisher, hold, "returned");
  }
  if (hold.status === "sold") {
    ctx.record({ kind: "stock_returned", holdId, atMs: ctx.now() });
    markLines(ctx, state.volatile.publisher, hold.lines);
  }
  ctx.reply(DONE);
}

function pin(
  ctx: InventoryContext,
  state: InventoryState,
  { holdId, untilMs }: Pin,
): void {
  const hold = findHold(state, holdId);
  if (hold?.status === "sold") return ctx.reply(ALREADY_PAID);
  if (hold?.status !== "open") return ctx.reply(ORDER_EXPIRED);
  if (untilMs > hold.pinnedUntilMs) {
    // The sweep that comes too early for the pin moves the hold on.
    ctx.record({ kind: "hold_pinned", holdId, untilMs, atMs: ctx.now() });
  }
  ctx.reply(DONE);
}

function unpin(
  ctx: InventoryContext,
  state: InventoryState,
  holdId: string,
): void {
  const hold = findHold(state, holdId);
  if (hold?.status === "open" && hold.pinnedUntilMs > 0) {
    ctx.record({ kind: "hold_unpinned", holdId, atMs: ctx.now() });
    watchUnpinned(ctx, state.volatile.expiry, hold);
  }
  ctx.reply(DONE);
}
