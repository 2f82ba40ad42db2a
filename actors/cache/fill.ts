/**
 * How a cache node fills: one question to each source for all who wait.
 *
 * The text comes from the catalog and the stock from its shard, asked at the
 * same time; the fill ends with the second answer, or with the first that is
 * not ok. Stock published meanwhile counts, when it is newer than what the
 * shard said. A drop makes the fill ask again under another number, and
 * answers to the earlier question are not looked at.
 *
 * @module
 */
import type { Answered, Asker, Context } from "../runtime/actor.ts";
import type { Failed, Outcome, Rejected, Unknown } from "../runtime/outcome.ts";
import { failed, ok } from "../runtime/outcome.ts";
import type { CachedProduct, CacheEntry, PublishedStock } from "./entry.ts";
import {
  answerOf,
  createEntry,
  jitteredTtlMs,
  renew,
  update,
} from "./entry.ts";
import type { CatalogEntry, CatalogRef } from "../catalog.ts";
import type { InventoryRef, StockView } from "../inventory_shard.ts";
import type { Lru } from "./lru.ts";
import { peek, put, remove } from "./lru.ts";
import { addressOf, partitionOf } from "../placement.ts";
import { refuse } from "../refusals.ts";

/** What the topology tells a cache node. */
export interface CacheArgs {
  /** Products held at most. */
  readonly capacityEntries: number;
  /** How long an entry is fresh, on average. */
  readonly ttlMs: number;
  /** TTL = ttlMs · (1 − j + 2j·u), j = jitterPercent / 100, 0 ≤ u < 1. */
  readonly jitterPercent: number;
  /** "No such product" is remembered this long. */
  readonly negativeTtlMs: number;
  /** How many inventory shards there are. */
  readonly shards: number;
  /** Up to this many units left, the stock is `low`. */
  readonly lowStockUnits: number;
  readonly catalog: CatalogRef;
}

/** Which fill an answer belongs to. */
export interface AboutFill {
  readonly sku: string;
  readonly fill: number;
}

/** The answers that a fill awaits. */
export type FillAnswer =
  | Answered<"entry_read", CatalogEntry, AboutFill>
  | Answered<"stock_described", StockView, AboutFill>;

/** Who waits for a fill. A warmer only wants to know how it ended. */
export interface Waiter {
  readonly asker: Asker;
  readonly isWarmer: boolean;
}

/** A fill under way. */
export interface Fill {
  readonly sku: string;
  /** Tells its answers from those to an earlier question. */
  number: number;
  text: CatalogEntry | null;
  /** The newest stock heard of, described by the shard or published. */
  stock: PublishedStock | null;
  isDescribed: boolean;
  /** Whom its answer serves. */
  waiters: Waiter[];
  /** Who wants an answer read later than this fill was sent. */
  later: Waiter[];
}

/** All that a cache node knows. */
export interface CacheState {
  readonly args: CacheArgs;
  readonly entries: Lru<CacheEntry>;
  /** When a SKU was last found to be unknown. */
  readonly absent: Lru<number>;
  /** The fill under way, by SKU. */
  readonly fills: Map<string, Fill>;
  /** Who waits, over all fills. */
  waiting: number;
  /** The number of the last question sent. */
  lastFill: number;
}

/**
 * Who may wait at one node: about half a second of misses, as a node takes
 * some 30,000 messages a second. Every fill has a waiter, so this bounds the
 * fills under way too.
 */
export const WAITERS_MAX = 16_384;

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
 * The sender waits for the fill under way, or for one that starts now. Fresh
 * readers and warmers came too late for one under way and share the next.
 */
export function waitForFill(
  ctx: FillContext,
  state: CacheState,
  sku: string,
  { isFresh = false, isWarmer = false },
): void {
  if (state.waiting >= WAITERS_MAX) {
    ctx.count("cache_overloaded");
    return ctx.reply(OVERLOADED);
  }
  state.waiting++;
  const waiter: Waiter = { asker: ctx.asker(), isWarmer };
  const fill = state.fills.get(sku);
  if (fill === undefined) startFill(ctx, state, sku, [waiter]);
  else (isFresh || isWarmer ? fill.later : fill.waiters).push(waiter);
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
  const nowMs = ctx.now();
  const { ttlMs, jitterPercent, lowStockUnits } = state.args;
  const entry = peek(state.entries, fill.sku) ?? createEntry(text, stock);
  update(entry, text, stock);
  renew(entry, nowMs, jitteredTtlMs(ttlMs, jitterPercent, ctx.random()));
  if (put(state.entries, fill.sku, entry)) ctx.count("cache_evictions");
  remove(state.absent, fill.sku);
  end(ctx, state, fill, (waiter, index) => {
    if (waiter.isWarmer) return DONE;
    const status = index === 0 ? "miss" : "collapsed";
    ctx.count(status === "miss" ? "cache_misses" : "cache_collapsed");
    return answerOf(entry, status, nowMs, lowStockUnits);
  });
}

function endWithout(
  ctx: FillContext,
  state: CacheState,
  fill: Fill,
  outcome: NotOk,
): void {
  const { sku } = fill;
  if (outcome.kind === "rejected") {
    remove(state.entries, sku);
    put(state.absent, sku, ctx.now());
    ctx.count("cache_absent");
    return end(ctx, state, fill, () => NOT_FOUND);
  }
  // Later readers came before the failure and can expect nothing better.
  joinLater(fill);
  ctx.count("cache_fills_failed");
  const entry = peek(state.entries, sku);
  if (entry !== null) entry.failedAtMs = ctx.now();
  // Reading has no effect that could have happened: it failed.
  const failure = outcome.kind === "failed"
    ? outcome
    : failed("unavailable", outcome.retryAfterMs);
  end(ctx, state, fill, ({ isWarmer }) => {
    if (entry === null || isWarmer) return failure;
    ctx.count("cache_stale");
    return answerOf(entry, "stale", ctx.now(), state.args.lowStockUnits);
  });
}

/** Answers all whom the fill serves and starts the next for who came later. */
function end(
  ctx: FillContext,
  state: CacheState,
  fill: Fill,
  answerTo: (waiter: Waiter, index: number) => Outcome<CachedProduct | null>,
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
