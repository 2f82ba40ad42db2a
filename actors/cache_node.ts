/**
 * A cache node: what shoppers read of a product, kept in memory.
 *
 * Only the node itself fills: a miss asks the catalog and the stock's shard at
 * the same time, once for all readers who wait. An expired entry stays as the
 * answer for the time when the shard is down. The node owns no fact: it has no
 * journal, and losing it costs misses.
 *
 * @module
 */
import type { Asks, Behavior, Context, Ref } from "./runtime/actor.ts";
import { ok } from "./runtime/outcome.ts";
import type { CachedProduct, PublishedStock } from "./cache/entry.ts";
import { answerOf, isFresh, isWithin, update } from "./cache/entry.ts";
import type { CacheArgs, CacheState, FillAnswer } from "./cache/fill.ts";
import {
  DONE,
  hear,
  NOT_FOUND,
  readAgain,
  RETRY_AFTER_MS,
  takeStock,
  takeText,
  waitForFill,
} from "./cache/fill.ts";
import { clear, createLru, peek, remove, touch } from "./cache/lru.ts";

export type {
  CachedProduct,
  CacheStatus,
  ProductView,
  PublishedStock,
} from "./cache/entry.ts";
export type { CacheArgs, CacheState } from "./cache/fill.ts";

/**
 * Reads a product. Rejected `not-found`; failed when nothing is held and it
 * cannot be read now. With `fresh` the answer was read after the request.
 */
export interface ReadProduct extends Asks<CachedProduct> {
  readonly kind: "read_product";
  readonly sku: string;
  readonly fresh?: boolean;
}

/** From a shard, after commit. Changes entries that are held, if newer. */
export interface StockPublished {
  readonly kind: "stock_published";
  readonly items: readonly PublishedStock[];
}

/** Says what is held, without counting as a use. */
export interface LookAtCache extends Asks<{ entry: CachedProduct | null }> {
  readonly kind: "look";
  readonly sku: string;
}

/** Fills, also when a fresh entry is held. Refused or failed as a read is. */
export interface WarmCache extends Asks<null> {
  readonly kind: "warm";
  readonly sku: string;
}

/** Forgets a product. What was read of it before is not used any more. */
export interface DropFromCache extends Asks<null> {
  readonly kind: "drop";
  readonly sku: string;
}

/** Forgets all products, as `drop` does one. */
export interface FlushCache extends Asks<null> {
  readonly kind: "flush";
}

/** What a cache node accepts: requests, published stock, answers it awaits. */
export type CacheMessage =
  | ReadProduct
  | StockPublished
  | LookAtCache
  | WarmCache
  | DropFromCache
  | FlushCache
  | FillAnswer;

/** The address of a cache node. */
export type CacheRef = Ref<CacheMessage>;

/**
 * SKUs remembered as unknown. They only push out one another, so whoever makes
 * SKUs up cannot push products out; 4,096 take about half a megabyte.
 */
const ABSENT_MAX = 4_096;

type CacheContext = Context<CacheMessage>;

/** The behavior of a cache node. */
export const cacheNode: Behavior<CacheState, CacheMessage, CacheArgs> = {
  name: "cache",
  // Under a flood of reads the answers that end their waiting go first.
  urgent: new Set(["entry_read", "stock_described"]),
  droppable: new Set(["read_product", "look"]),
  keyOf,
  start,
  receive(ctx, state, message) {
    switch (message.kind) {
      case "read_product":
        return read(ctx, state, message);
      case "stock_published":
        return publish(state, message.items);
      case "entry_read":
        return takeText(ctx, state, message.about, message.outcome);
      case "stock_described":
        return takeStock(ctx, state, message.about, message.outcome);
      case "look":
        return look(ctx, state, message.sku);
      case "warm":
        return waitForFill(ctx, state, message.sku, { isWarmer: true });
      case "drop":
        return drop(ctx, state, message.sku);
      case "flush":
        return flush(ctx, state);
    }
  },
};

function keyOf(message: CacheMessage): string {
  if ("sku" in message) return message.sku;
  return "about" in message ? message.about.sku : "";
}

function start(args: CacheArgs): CacheState {
  const { jitterPercent } = args;
  if (!(jitterPercent >= 0 && jitterPercent < 100)) {
    throw new RangeError(
      `Cannot start a cache node as jitterPercent must be in [0, 100): ` +
        `current value is ${jitterPercent}`,
    );
  }
  return {
    args,
    entries: createLru(args.capacityEntries),
    absent: createLru(ABSENT_MAX),
    fills: new Map(),
    waiting: 0,
    lastFill: 0,
  };
}

function read(
  ctx: CacheContext,
  state: CacheState,
  { sku, fresh }: ReadProduct,
): void {
  if (fresh === true) return waitForFill(ctx, state, sku, { isFresh: true });
  const nowMs = ctx.now();
  const { lowStockUnits, negativeTtlMs } = state.args;
  const entry = touch(state.entries, sku);
  if (entry === null) {
    if (isWithin(nowMs, touch(state.absent, sku), negativeTtlMs)) {
      ctx.count("cache_absent_hits");
      return ctx.reply(NOT_FOUND);
    }
  } else if (isFresh(entry, nowMs)) {
    ctx.count("cache_hits");
    return ctx.reply(answerOf(entry, "hit", nowMs, lowStockUnits));
  } else if (isWithin(nowMs, entry.failedAtMs, RETRY_AFTER_MS)) {
    ctx.count("cache_stale");
    return ctx.reply(answerOf(entry, "stale", nowMs, lowStockUnits));
  }
  waitForFill(ctx, state, sku, {});
}

/** A fill under way hears of it too, as it may have read what is older. */
function publish(state: CacheState, items: readonly PublishedStock[]): void {
  for (const stock of items) {
    const entry = peek(state.entries, stock.sku);
    if (entry !== null) update(entry, entry.text, stock);
    const fill = state.fills.get(stock.sku);
    if (fill !== undefined) hear(fill, stock);
  }
}

function look(ctx: CacheContext, state: CacheState, sku: string): void {
  const nowMs = ctx.now();
  const entry = peek(state.entries, sku);
  if (entry === null) return ctx.reply(ok({ entry: null }));
  const status = isFresh(entry, nowMs) ? "hit" : "stale";
  const answer = answerOf(entry, status, nowMs, state.args.lowStockUnits);
  ctx.reply(ok({ entry: answer.value }));
}

function drop(ctx: CacheContext, state: CacheState, sku: string): void {
  remove(state.entries, sku);
  remove(state.absent, sku);
  const fill = state.fills.get(sku);
  if (fill !== undefined) readAgain(ctx, state, fill);
  ctx.reply(DONE);
}

function flush(ctx: CacheContext, state: CacheState): void {
  clear(state.entries);
  clear(state.absent);
  for (const fill of state.fills.values()) readAgain(ctx, state, fill);
  ctx.reply(DONE);
}
