/**
 * What a cache node knows not to exist, so that reads of made-up products do
 * not reach the sources: a filter of all SKUs of the catalog, and what it let
 * pass and no source knew, for a while.
 *
 * The filter is read from the catalog, page by page, when a life begins, and
 * is used when it is whole. Who adds a product later drops it here, as after
 * any change; a drop and a fill put a SKU into the filter. A drop that comes
 * before the first page has it read once more, from the start.
 *
 * @module
 */
import type { Answered, Context } from "../runtime/actor.ts";
import type { Outcome } from "../runtime/outcome.ts";
import type { CatalogRef, SkuPage } from "../catalog.ts";
import type { BloomFilter } from "./bloom_filter.ts";
import { addKey, createFilter, mayHave } from "./bloom_filter.ts";
import type { BoundedMap } from "./bounded_map.ts";
import { clear, createMap, put, remove, touch } from "./bounded_map.ts";
import { isWithin } from "./entry.ts";

/** What is known not to exist. */
export interface Absence {
  /** Something was dropped before there was a filter to keep it. */
  isOutrun: boolean;
  /** When a SKU was last found to be unknown. */
  readonly found: BoundedMap<number>;
  /** Null: none is wanted, or its first page has not come. */
  filter: BloomFilter | null;
  /** It has all SKUs, and says who does not exist. */
  isWhole: boolean;
}

/** A page of SKUs, or that it could not be read. */
export type SkusListed = Answered<"skus_listed", SkuPage, AboutSkus>;

/** Which page it is. */
export interface AboutSkus {
  /** Null: the first. */
  readonly after: string | null;
}

/** The wait before a page that failed is asked for again is over. */
export interface ListSkusAgain {
  readonly kind: "list_skus_again";
  readonly about: AboutSkus;
}

/**
 * SKUs remembered as unknown. They only push out one another, so whoever makes
 * SKUs up cannot push products out; 4,096 take about half a megabyte.
 */
const FOUND_MAX = 4_096;

/** SKUs in a page: about a millisecond of the store and of this thread. */
const PAGE = 2_000;
const PAGE_WITHIN_MS = 5_000;
const AGAIN_AFTER_MS = 1_000;

/** What reading the filter needs of the world. */
type ListContext = Pick<Context, "ask">;

/** Nothing is known. */
export function createAbsence(): Absence {
  const found = createMap<number>({ entries: FOUND_MAX });
  return { isOutrun: false, found, filter: null, isWhole: false };
}

/** Whether a SKU was found to be unknown less than `forMs` ago. */
export function isAbsent(
  absence: Absence,
  sku: string,
  nowMs: number,
  forMs: number,
): boolean {
  return isWithin(nowMs, touch(absence.found, sku), forMs);
}

/** Whether the catalog has never had such a SKU. */
export function isImpossible(absence: Absence, sku: string): boolean {
  const { filter, isWhole } = absence;
  return isWhole && filter !== null && !mayHave(filter, sku);
}

/** No source knows it. */
export function noteAbsent(
  absence: Absence,
  sku: string,
  nowMs: number,
): void {
  put(absence.found, sku, nowMs);
}

/** It exists, or may from now on. */
export function notePresent(absence: Absence, sku: string): void {
  remove(absence.found, sku);
  if (absence.filter !== null) addKey(absence.filter, sku);
}

/** It was changed or added; a list that is under way may lack it. */
export function noteDropped(absence: Absence, sku: string): void {
  notePresent(absence, sku);
  if (absence.filter === null) absence.isOutrun = true;
}

/** Forgets it all; what the filter has is still true. */
export function forgetAbsence(absence: Absence): void {
  clear(absence.found);
}

/** Asks for a page of all SKUs. */
export function askForPage(
  ctx: ListContext,
  catalog: CatalogRef,
  about: AboutSkus,
): void {
  const { after } = about;
  const page = after === null ? { limit: PAGE } : { limit: PAGE, after };
  ctx.ask(
    catalog,
    { kind: "list_skus", ...page },
    { as: "skus_listed", withinMs: PAGE_WITHIN_MS, about },
  );
}

/**
 * Takes a page in and asks for the next.
 *
 * @returns Milliseconds after which this page is to be asked for again; null
 * when it has come.
 */
export function takePage(
  ctx: ListContext,
  absence: Absence,
  { catalog, bitsPerKey }: { catalog: CatalogRef; bitsPerKey: number },
  outcome: Outcome<SkuPage>,
): number | null {
  if (outcome.kind !== "ok") return AGAIN_AFTER_MS;
  if (absence.isOutrun) {
    absence.isOutrun = false;
    askForPage(ctx, catalog, { after: null });
    return null;
  }
  const { skus, next, total } = outcome.value;
  absence.filter ??= createFilter(total, bitsPerKey);
  for (const sku of skus) addKey(absence.filter, sku);
  absence.isWhole = next === null;
  if (next !== null) askForPage(ctx, catalog, { after: next });
  return null;
}
