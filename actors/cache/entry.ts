/**
 * A product as a cache node holds it: two parts, the text and the stock, each
 * with the version that its owner gave it. A part is only ever replaced by a
 * newer one, so whatever comes late changes nothing, and the version that
 * shoppers see, the sum of both, moves with either and never goes back.
 *
 * @module
 */
import type { CatalogEntry } from "../catalog.ts";
import type { Context } from "../runtime/actor.ts";
import type { Ok } from "../runtime/outcome.ts";
import { ok } from "../runtime/outcome.ts";

/** What shoppers read of a product, in the order of the JSON text. */
export interface ProductView {
  readonly sku: string;
  readonly name: string;
  readonly priceCents: number;
  readonly currency: string;
  readonly stockState: "in_stock" | "low" | "sold_out";
  readonly available: number;
  /** Moves with the catalog's text and with published stock. */
  readonly version: number;
}

/** How a read was answered. */
export type CacheStatus =
  /** From memory. */
  | "hit"
  /** At the edge, from the memory of products that are read very often. */
  | "near"
  /** With an expired entry, while it is filled again. */
  | "revalidating"
  /** With an expired entry, since no fill succeeded. */
  | "stale"
  /** By a fill that it caused, since nothing was held. */
  | "miss"
  /** By a fill that it caused, since what was held had expired. */
  | "expired"
  /** By a fill that another reader caused. */
  | "collapsed";

/** The answer to a read. */
export interface CachedProduct {
  /** JSON text of the `ProductView`, built once per version. */
  readonly body: string;
  readonly version: number;
  readonly status: CacheStatus;
  /** Milliseconds this entry stays fresh; 0 when it has expired. */
  readonly freshForMs: number;
  /**
   * Of a reader whose fill it was: how long catalog and shard took, in whole
   * milliseconds. Absent where nobody was asked for it.
   */
  readonly storeMs?: number;
}

/** The stock and price of a SKU at one version. */
export interface PublishedStock {
  readonly sku: string;
  readonly available: number;
  readonly priceCents: number;
  readonly version: number;
}

/** A product that is held. */
export interface CacheEntry {
  text: CatalogEntry;
  stock: PublishedStock;
  filledAtMs: number;
  ttlMs: number;
  /** How long its last fill took. */
  storeMs: number;
  /** The same at least 1, times the factor of early refreshing. */
  refreshMs: number;
  /** When filling it again last failed; null: not since the last fill. */
  failedAtMs: number | null;
  /** The JSON text at these versions, once somebody has read it. */
  body: string | null;
  /** The last answer given, for as long as it stays true. */
  answer: Ok<CachedProduct> | null;
}

/** An entry with these parts that has yet to be renewed. */
export function createEntry(
  text: CatalogEntry,
  stock: PublishedStock,
): CacheEntry {
  return {
    text,
    stock,
    filledAtMs: 0,
    ttlMs: 0,
    storeMs: 0,
    refreshMs: 0,
    failedAtMs: null,
    body: null,
    answer: null,
  };
}

/** Takes over the parts that are newer than the entry's own. */
export function update(
  entry: CacheEntry,
  text: CatalogEntry,
  stock: PublishedStock,
): void {
  if (text.version <= entry.text.version) text = entry.text;
  if (stock.version <= entry.stock.version) stock = entry.stock;
  if (text === entry.text && stock === entry.stock) return;
  entry.text = text;
  entry.stock = stock;
  entry.body = null;
  entry.answer = null;
}

/** The entry was filled now; times as there. */
export function renew(
  entry: CacheEntry,
  nowMs: number,
  { ttlMs, storeMs, refreshMs }: Pick<
    CacheEntry,
    "ttlMs" | "storeMs" | "refreshMs"
  >,
): void {
  entry.filledAtMs = nowMs;
  entry.ttlMs = ttlMs;
  entry.storeMs = storeMs;
  entry.refreshMs = refreshMs;
  entry.failedAtMs = null;
  // A fill's answer says how long that fill took.
  entry.answer = null;
}

/** Whether the entry may be served as a hit. */
export function isFresh(entry: CacheEntry, nowMs: number): boolean {
  return isWithin(nowMs, entry.filledAtMs, entry.ttlMs);
}

/**
 * Whether `nowMs` lies in the `lengthMs` after `sinceMs`; null: never. Wall
 * time can step: what was begun in the future counts as over, so that nothing
 * lasts longer because the clock was set back to before it.
 */
export function isWithin(
  nowMs: number,
  sinceMs: number | null,
  lengthMs: number,
): boolean {
  if (sinceMs === null) return false;
  const ageMs = nowMs - sinceMs;
  return ageMs >= 0 && ageMs < lengthMs;
}

/** Whether the entry expired less than `forMs` ago. */
export function expiredWithin(
  entry: CacheEntry,
  nowMs: number,
  forMs: number,
): boolean {
  return isWithin(nowMs, entry.filledAtMs + entry.ttlMs, forMs);
}

/** Earlier than so many refresh times before its end nobody would draw it. */
const EARLIEST = 8;

/**
 * Whether a reader of a fresh entry should have it filled again already: with
 * a chance of e^(−left / refresh), so that the more it is read, and the longer
 * a fill takes, the surer it is filled before it expires (XFetch: Vattani,
 * Chierichetti, Lowenstein 2015). It draws only near the end.
 */
export function isDueEarly(
  entry: CacheEntry,
  nowMs: number,
  random: Pick<Context, "random">,
): boolean {
  const leftMs = entry.filledAtMs + entry.ttlMs - nowMs;
  if (leftMs >= EARLIEST * entry.refreshMs) return false;
  // e^−x by (1 − x/1024)^1024: the same in every engine, 2 % off at the most
  // where it matters.
  let chance = 1 - leftMs / entry.refreshMs / 1_024;
  for (let squaring = 0; squaring < 10; squaring++) chance *= chance;
  return random.random() < chance * 2 ** 32;
}

/**
 * What an entry takes of memory, at the most: its cells and objects, measured,
 * and each letter twice, here and in the JSON text, at two bytes.
 */
export function bytesOf({ sku, name }: CatalogEntry): number {
  return ENTRY_BYTES + 4 * (sku.length + name.length);
}

const ENTRY_BYTES = 1_000;

/**
 * The answer that serves the entry. Up to `lowStockUnits` left the stock is
 * called low. Readers of one product in one batch share one answer object.
 */
export function answerOf(
  entry: CacheEntry,
  status: CacheStatus,
  nowMs: number,
  lowStockUnits: number,
): Ok<CachedProduct> {
  const freshForMs = status === "stale" || status === "revalidating"
    ? 0
    : entry.filledAtMs + entry.ttlMs - nowMs;
  const last = entry.answer?.value;
  if (last?.status === status && last.freshForMs === freshForMs) {
    return entry.answer as Ok<CachedProduct>;
  }
  entry.body ??= JSON.stringify(viewOf(entry, lowStockUnits));
  const version = entry.text.version + entry.stock.version;
  const { body, storeMs } = entry;
  const isOfOwnFill = status === "miss" || status === "expired";
  return entry.answer = isOfOwnFill
    ? ok({ body, version, status, freshForMs, storeMs })
    : ok({ body, version, status, freshForMs });
}

function viewOf(
  { text, stock }: CacheEntry,
  lowStockUnits: number,
): ProductView {
  const { available } = stock;
  return {
    sku: text.sku,
    name: text.name,
    priceCents: stock.priceCents,
    currency: text.currency,
    stockState: available <= 0
      ? "sold_out"
      : available <= lowStockUnits
      ? "low"
      : "in_stock",
    available,
    version: text.version + stock.version,
  };
}

/**
 * `ttlMs · (1 − j + 2j·u)` in whole milliseconds, with j = `jitterPercent` /
 * 100 and u = `random` / 2^32, so that what was filled together does not
 * expire together.
 */
export function jitteredTtlMs(
  ttlMs: number,
  jitterPercent: number,
  random: number,
): number {
  const spreadMs = Math.floor(ttlMs * jitterPercent / 100);
  return ttlMs - spreadMs + Math.floor(2 * spreadMs * random / 2 ** 32);
}
