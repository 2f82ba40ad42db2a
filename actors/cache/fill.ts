/**
 * How a cache node fills: one question to each source for all who wait.
 *
 * The text comes from the catalog and the stock from its shard, asked at the
 * same time; the fill ends with the second answer, or with the first that is
 * not ok. Stock published meanwhile counts, when it is newer than what the
 * shard said. A drop makes the fill ask again under another number, and
 * answers to the earlier question are not looked at. What is older than what
 * was dropped is not taken, whoever says it: a source may lag behind.
 *
 * The number is the lease of the memcache paper (Nishtala et al., NSDI 2013):
 * who holds the newest may fill, once. One node owns a product, so that one
 * lease is all that there is, however many nodes there are.
 *
 * @module
 */
import type { Context } from "../runtime/actor.ts";
import type {
  Failed,
  Ok,
  Outcome,
  Rejected,
  Unknown,
} from "../runtime/outcome.ts";
import { failed, ok } from "../runtime/outcome.ts";
import type { CachedProduct, CacheEntry, PublishedStock } from "./entry.ts";
import {
  answerOf,
  bytesOf,
  createEntry,
  expiredWithin,
  isFresh,
  jitteredTtlMs,
  renew,
  update,
} from "./entry.ts";
import { noteAbsent, notePresent } from "./absence.ts";
import { peek, put, remove } from "./bounded_map.ts";
import type { CatalogEntry } from "../catalog.ts";
import type { InventoryRef, StockView } from "../inventory_shard.ts";
import { addressOf, partitionOf } from "../placement.ts";
import { refuse } from "../refusals.ts";
import type {
  AboutFill,
  CacheState,
  Fill,
  Floor,
  Waiter,
  Warmed,
} from "./state.ts";

/**
 * Who may wait at one node: about half a second of misses, as a node takes
 * some 30,000 messages a second. A fill has a waiter or refreshes, so this and
 * the next bound the fills under way too.
 */
export const WAITERS_MAX = 16_384;

/** With so many fills under way nothing is refreshed: readers go first. */
const REFRESHES_MAX = 1_024;

/** A source that lags is asked so often; then its answer is a failure. */
const REFUSALS_MAX = 3;

/** Both sources answer within milliseconds; a second means that one is down. */
const FILL_WITHIN_MS = 1_000;

/**
 * After a fill failed, the expired entry is the answer for this long before
 * the next try: as long as a fill may take, so that with a source down at most
 * every other second has readers who wait.
 */
export const RETRY_AFTER_MS = 1_000;

/** The answer for a SKU that no source knows. */
export const NOT_FOUND = refuse("not-found");

const OVERLOADED = failed("overloaded", RETRY_AFTER_MS);

/** The answer to who only wanted it done. */
export const DONE = ok(null);

/** What of the world a fill acts on. */
export type FillContext = Omit<Context, "self" | "timer" | "record">;

type NotOk = Rejected | Failed | Unknown;

/**
 * The sender waits for the fill under way, or for one that starts now. Who
 * wants what is read from now on, as warmers do, shares the next.
 */
export function waitForFill(
  ctx: FillContext,
  state: CacheState,
  sku: string,
  { wantsNew = false, isWarmer = false },
): void {
  if (state.waiting >= WAITERS_MAX) {
    ctx.count("cache_overloaded");
    return ctx.reply(OVERLOADED);
  }
  state.waiting++;
  const warmed = isWarmer ? { wasHeld: state.entries.places.has(sku) } : null;
  const waiter: Waiter = { asker: ctx.asker(), warmed };
  const fill = state.fills.get(sku);
  if (fill === undefined) startFill(ctx, state, sku, [waiter]);
  else (wantsNew || isWarmer ? fill.later : fill.waiters).push(waiter);
}

/** Fills for nobody who waits, unless a fill is under way. */
export function refresh(
  ctx: FillContext,
  state: CacheState,
  sku: string,
): void {
  const { fills } = state;
  if (fills.size >= REFRESHES_MAX || fills.has(sku)) return;
  ctx.count("cache_refreshes");
  startFill(ctx, state, sku, []);
}

function startFill(
  ctx: FillContext,
  state: CacheState,
  sku: string,
  waiters: Waiter[],
): void {
  const fill: Fill = {
    sku,
    number: 0,
    sentAtMs: 0,
    refusals: 0,
    text: null,
    stock: null,
    isDescribed: false,
    waiters,
    later: [],
  };
  state.fills.set(sku, fill);
  sendFill(ctx, state, fill);
}

function sendFill(ctx: FillContext, state: CacheState, fill: Fill): void {
  const { sku } = fill;
  fill.number = ++state.lastFill;
  fill.sentAtMs = ctx.now();
  const about: AboutFill = { sku, fill: fill.number };
  const partition = partitionOf(sku, state.args.shards);
  const shard: InventoryRef = addressOf("inventory", partition);
  ctx.count("cache_fills");
  ctx.ask(
    state.args.catalog,
    { kind: "read_entry", sku },
    { as: "entry_read", withinMs: FILL_WITHIN_MS, about },
  );
  ctx.ask(
    shard,
    { kind: "describe", sku },
    { as: "stock_described", withinMs: FILL_WITHIN_MS, about },
  );
}

/** The catalog has answered; `about` says to which question. */
export function takeText(
  ctx: FillContext,
  state: CacheState,
  about: AboutFill,
  outcome: Outcome<CatalogEntry>,
): void {
  const fill = fillOf(state, about);
  if (fill === null) return;
  if (outcome.kind !== "ok") return endWithout(ctx, state, fill, outcome);
  fill.text = outcome.value;
  endIfComplete(ctx, state, fill);
}

/** The shard has answered; `about` says to which question. */
export function takeStock(
  ctx: FillContext,
  state: CacheState,
  about: AboutFill,
  outcome: Outcome<StockView>,
): void {
  const fill = fillOf(state, about);
  if (fill === null) return;
  if (outcome.kind !== "ok") return endWithout(ctx, state, fill, outcome);
  const { sku, available, priceCents, version } = outcome.value;
  hear(fill, { sku, available, priceCents, version });
  fill.isDescribed = true;
  endIfComplete(ctx, state, fill);
}

/** Null: the fill has ended, or a drop made it ask again. */
function fillOf(state: CacheState, about: AboutFill): Fill | null {
  const fill = state.fills.get(about.sku);
  return fill !== undefined && fill.number === about.fill ? fill : null;
}

/** Keeps published stock in mind that the fill's own answer may not know. */
export function hear(fill: Fill, stock: PublishedStock): void {
  if (fill.stock === null || stock.version > fill.stock.version) {
    fill.stock = stock;
  }
}

function endIfComplete(
  ctx: FillContext,
  state: CacheState,
  fill: Fill,
): void {
  const { text, stock } = fill;
  if (text === null || stock === null || !fill.isDescribed) return;
  if (isBelow(peek(state.floors, fill.sku), text, stock)) {
    return refuseOlder(ctx, state, fill);
  }
  const nowMs = ctx.now();
  const known = peek(state.entries, fill.sku);
  const missed = known === null || isFresh(known, nowMs) ? "miss" : "expired";
  const entry = known ?? createEntry(text, stock);
  update(entry, text, stock);
  keep(ctx, state, fill, entry);
  end(ctx, state, fill, ({ warmed }, index) => {
    if (warmed !== null) return ok(warmed);
    const status = index === 0 ? missed : "collapsed";
    ctx.count(index === 0 ? "cache_misses" : "cache_collapsed");
    return answerOf(entry, status, nowMs, state.args.lowStockUnits);
  });
}

/** The entry is held, and fresh from now on. */
function keep(
  ctx: FillContext,
  { args, entries, absence }: CacheState,
  { sku, sentAtMs }: Fill,
  entry: CacheEntry,
): void {
  const nowMs = ctx.now();
  const storeMs = nowMs - sentAtMs;
  const ttlMs = jitteredTtlMs(args.ttlMs, args.jitterPercent, ctx.random());
  // A clock in whole milliseconds calls a fast fill 0.
  const refreshMs = Math.max(1, storeMs) * args.earlyRefreshFactor;
  renew(entry, nowMs, { ttlMs, storeMs, refreshMs });
  const evicted = put(entries, sku, entry, bytesOf(entry.text));
  if (evicted > 0) ctx.count("cache_evictions", evicted);
  notePresent(absence, sku);
}

function isBelow(
  floor: Floor | null,
  text: CatalogEntry,
  stock: PublishedStock,
): boolean {
  if (floor === null) return false;
  return text.version < floor.text || stock.version < floor.stock;
}

/** A source has not heard yet of what was dropped here: ask it again. */
function refuseOlder(ctx: FillContext, state: CacheState, fill: Fill): void {
  ctx.count("cache_fills_refused");
  if (++fill.refusals < REFUSALS_MAX) return readAgain(ctx, state, fill);
  endWithout(ctx, state, fill, failed("unavailable", RETRY_AFTER_MS));
}

function endWithout(
  ctx: FillContext,
  state: CacheState,
  fill: Fill,
  outcome: NotOk,
): void {
  const { sku } = fill;
  const nowMs = ctx.now();
  if (outcome.kind === "rejected") {
    remove(state.entries, sku);
    noteAbsent(state.absence, sku, nowMs);
    ctx.count("cache_absent");
    return end(ctx, state, fill, () => NOT_FOUND);
  }
  // Later readers came before the failure and can expect nothing better.
  joinLater(fill);
  ctx.count("cache_fills_failed");
  const entry = peek(state.entries, sku);
  if (entry !== null) entry.failedAtMs = nowMs;
  // Reading has no effect that could have happened: it failed.
  const failure = outcome.kind === "failed"
    ? outcome
    : failed("unavailable", outcome.retryAfterMs);
  end(ctx, state, fill, ({ warmed }) => {
    if (entry === null || warmed !== null) return failure;
    return answerStale(ctx, state, entry) ?? failure;
  });
}

/** The answer when no fill succeeds; null: the entry is too old even for it. */
export function answerStale(
  ctx: FillContext,
  { args }: CacheState,
  entry: CacheEntry,
): Ok<CachedProduct> | null {
  const nowMs = ctx.now();
  const isUsable = isFresh(entry, nowMs) ||
    expiredWithin(entry, nowMs, args.staleIfErrorMs);
  if (!isUsable) return null;
  ctx.count("cache_stale");
  return answerOf(entry, "stale", nowMs, args.lowStockUnits);
}

/** Answers all whom the fill serves and starts the next for who came later. */
function end(
  ctx: FillContext,
  state: CacheState,
  fill: Fill,
  answerTo: (
    waiter: Waiter,
    index: number,
  ) => Outcome<CachedProduct | Warmed>,
): void {
  state.fills.delete(fill.sku);
  state.waiting -= fill.waiters.length;
  fill.waiters.forEach((waiter, index) =>
    ctx.answer(waiter.asker, answerTo(waiter, index))
  );
  if (fill.later.length > 0) startFill(ctx, state, fill.sku, fill.later);
}

/**
 * What the fill has read, or is about to be told, may be older than what was
 * dropped. Its waiters get what is read from now on, later ones included.
 */
export function readAgain(
  ctx: FillContext,
  state: CacheState,
  fill: Fill,
): void {
  fill.text = null;
  fill.isDescribed = false;
  joinLater(fill);
  sendFill(ctx, state, fill);
}

function joinLater(fill: Fill): void {
  fill.waiters = fill.waiters.concat(fill.later);
  fill.later = [];
}
