/**
 * A cache node: what shoppers read of a product, kept in memory.
 *
 * Only the node itself fills: a miss asks the catalog and the stock's shard at
 * the same time, once for all readers who wait. What is read often is filled
 * again before it expires, and an expired entry is the answer while it is
 * filled and while a source is down. The node owns no fact: it has no journal,
 * and losing it costs misses.
 *
 * @module
 */
import type { Asks, Behavior, Context, Ref } from "./runtime/actor.ts";
import { ok } from "./runtime/outcome.ts";
import type { ListSkusAgain, SkusListed } from "./cache/absence.ts";
import {
  askForPage,
  createAbsence,
  forgetAbsence,
  isAbsent,
  isImpossible,
  noteDropped,
  takePage,
} from "./cache/absence.ts";
import {
  clear,
  createMap,
  peek,
  put,
  remove,
  touch,
} from "./cache/bounded_map.ts";
import type {
  CachedProduct,
  CacheEntry,
  PublishedStock,
} from "./cache/entry.ts";
import {
  answerOf,
  expiredWithin,
  isDueEarly,
  isFresh,
  isWithin,
  update,
} from "./cache/entry.ts";
import {
  answerStale,
  DONE,
  hear,
  NOT_FOUND,
  readAgain,
  refresh,
  RETRY_AFTER_MS,
  takeStock,
  takeText,
  waitForFill,
} from "./cache/fill.ts";
import type {
  CacheArgs,
  CacheState,
  Fill,
  FillAnswer,
  Warmed,
} from "./cache/state.ts";

import { scheduleWarming, type WarmBatch, warmBatch } from "./cache/warming.ts";

export type {
  CachedProduct,
  CacheStatus,
  ProductView,
  PublishedStock,
} from "./cache/entry.ts";
export type {
  CacheArgs,
  CacheState,
  Warmed,
  WarmWindow,
} from "./cache/state.ts";
export { EVICTION_NAMES, type EvictionName } from "./cache/bounded_map.ts";

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
export interface WarmCache extends Asks<Warmed> {
  readonly kind: "warm";
  readonly sku: string;
}

/**
 * Forgets a product: for whoever changes or adds one. What was read of it
 * before, and whatever is older than what was held, is not used any more.
 */
export interface DropFromCache extends Asks<null> {
  readonly kind: "drop";
  readonly sku: string;
}

/**
 * Forgets all products and asks again for those that are being filled. Unlike
 * `drop` it bears no versions in mind: it is for whoever doubts this memory.
 */
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
  | FillAnswer
  | SkusListed
  | ListSkusAgain
  | WarmBatch;

/** The address of a cache node. */
export type CacheRef = Ref<CacheMessage>;

/** What was dropped is remembered as long as 4,096 others were not. */
const FLOORS_MAX = 4_096;

type CacheContext = Context<CacheMessage>;

/** The behavior of a cache node. */
export const cacheNode: Behavior<CacheState, CacheMessage, CacheArgs> = {
  name: "cache",
  // Under a flood of reads the answers that end their waiting go first.
  urgent: new Set(["entry_read", "stock_described"]),
  droppable: new Set(["read_product", "look"]),
  keyOf,
  start,
  signal(ctx, state, { kind }) {
    if (kind !== "recovered") return;
    const { catalog, filterBitsPerKey } = state.args;
    if (filterBitsPerKey > 0) askForPage(ctx, catalog, { after: null });
    scheduleWarming(ctx, state);
  },
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
      case "skus_listed":
        return takeSkus(ctx, state, message);
      case "list_skus_again":
        return askForPage(ctx, state.args.catalog, message.about);
      case "warm_batch":
        return warmBatch(ctx, state, message);
    }
  },
};

function keyOf(message: CacheMessage): string {
  if ("sku" in message) return message.sku;
  return "about" in message && "sku" in message.about ? message.about.sku : "";
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
    entries: createMap({
      entries: args.capacityEntries,
      bytes: args.capacityBytes,
      policy: args.policy,
    }),
    absence: createAbsence(),
    floors: createMap({ entries: FLOORS_MAX }),
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
  if (fresh === true) return waitForFill(ctx, state, sku, { wantsNew: true });
  const entry = touch(state.entries, sku);
  if (entry === null) return readUnheld(ctx, state, sku);
  const nowMs = ctx.now();
  const { lowStockUnits, staleWhileRevalidateMs } = state.args;
  const hasFailed = isWithin(nowMs, entry.failedAtMs, RETRY_AFTER_MS);
  if (isFresh(entry, nowMs)) {
    ctx.count("cache_hits");
    ctx.reply(answerOf(entry, "hit", nowMs, lowStockUnits));
    if (hasFailed || !isDueEarly(entry, nowMs, ctx)) return;
    return refresh(ctx, state, sku);
  }
  if (hasFailed) {
    const answer = answerStale(ctx, state, entry);
    if (answer !== null) return ctx.reply(answer);
  } else if (expiredWithin(entry, nowMs, staleWhileRevalidateMs)) {
    ctx.count("cache_revalidating");
    ctx.reply(answerOf(entry, "revalidating", nowMs, lowStockUnits));
    return refresh(ctx, state, sku);
  }
  waitForFill(ctx, state, sku, {});
}

function readUnheld(ctx: CacheContext, state: CacheState, sku: string): void {
  const { args, absence } = state;
  if (isImpossible(absence, sku)) {
    ctx.count("cache_filtered");
    return ctx.reply(NOT_FOUND);
  }
  if (isAbsent(absence, sku, ctx.now(), args.negativeTtlMs)) {
    ctx.count("cache_absent_hits");
    return ctx.reply(NOT_FOUND);
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
  const fill = state.fills.get(sku);
  raiseFloor(state, sku, remove(state.entries, sku), fill);
  noteDropped(state.absence, sku);
  if (fill !== undefined) readAgain(ctx, state, fill);
  ctx.reply(DONE);
}

/** Nothing that is older than what is dropped will be held again. */
function raiseFloor(
  state: CacheState,
  sku: string,
  entry: CacheEntry | null,
  fill: Fill | undefined,
): void {
  const before = peek(state.floors, sku);
  const texts = [before?.text, entry?.text.version, fill?.text?.version];
  const stocks = [before?.stock, entry?.stock.version, fill?.stock?.version];
  const floor = {
    text: Math.max(0, ...texts.map((version) => version ?? 0)),
    stock: Math.max(0, ...stocks.map((version) => version ?? 0)),
  };
  if (floor.text > 0 || floor.stock > 0) put(state.floors, sku, floor);
}

function flush(ctx: CacheContext, state: CacheState): void {
  clear(state.entries);
  forgetAbsence(state.absence);
  for (const fill of state.fills.values()) readAgain(ctx, state, fill);
  ctx.reply(DONE);
}

function takeSkus(
  ctx: CacheContext,
  { args, absence }: CacheState,
  { about, outcome }: SkusListed,
): void {
  const { catalog, filterBitsPerKey: bitsPerKey } = args;
  const againMs = takePage(ctx, absence, { catalog, bitsPerKey }, outcome);
  if (againMs === null) return;
  ctx.timer("list_skus", againMs, { kind: "list_skus_again", about });
}
