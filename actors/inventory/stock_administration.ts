/**
 * What the shop's keeper and its caches ask of a shard: opening SKUs, adjusting
 * and describing them, and the audit that shows whether everything adds up.
 * Pages are cut from a sorted list that is kept, so that a shard with many SKUs
 * does not stall for each of them.
 *
 * @module
 */
import { ok } from "../runtime/outcome.ts";
import type {
  AdjustStock,
  AuditStock,
  DescribeStock,
  InventoryContext,
  OpenStock,
  StockTotals,
  StockView,
} from "./protocol.ts";
import { refuse } from "../refusals.ts";
import { type StockState, viewOf, violationOf } from "./stock.ts";
import { markChanged, type Publisher } from "./stock_publisher.ts";

/** All SKUs of a shard in order, as of its last audit. */
export interface SkuIndex {
  skus: readonly string[];
}

/** SKUs on one page of an audit: a few hundred kilobytes. */
const AUDIT_PAGE_MAX = 1_000;

const NOT_FOUND = refuse("not-found");
const INVALID_INPUT = refuse("invalid-input");

/** Handles {@linkcode DescribeStock}. */
export function describe(
  ctx: InventoryContext,
  state: StockState,
  { sku }: DescribeStock,
): void {
  const stock = state.stocks.get(sku);
  ctx.reply(stock === undefined ? NOT_FOUND : ok(viewOf(stock)));
}

/** Handles {@linkcode OpenStock}. Nobody can have read it: not published. */
export function openStock(
  ctx: InventoryContext,
  state: StockState,
  { items }: OpenStock,
): void {
  const { totals, stocks } = state;
  let sum = totals.initial + totals.restocked;
  for (const { units, priceCents } of items) {
    sum += units;
    // NaN and fractions fail too; a negative number must not hide in the sum.
    const isValid = units >= 0 && Number.isSafeInteger(sum) &&
      Number.isSafeInteger(priceCents) && priceCents >= 0;
    if (!isValid) return ctx.reply(INVALID_INPUT);
  }
  const atMs = ctx.now();
  let opened = 0;
  for (const { sku, units, priceCents } of items) {
    if (stocks.has(sku)) continue;
    ctx.record({ kind: "stock_opened", sku, units, priceCents, atMs });
    opened++;
  }
  ctx.reply(ok({ opened }));
}

/** Handles {@linkcode AdjustStock}. */
export function adjust(
  ctx: InventoryContext,
  state: StockState,
  publisher: Publisher,
  message: AdjustStock,
): void {
  const { sku } = message;
  const { totals } = state;
  const stock = state.stocks.get(sku);
  if (stock === undefined) return ctx.reply(NOT_FOUND);
  const sum = totals.initial + totals.restocked + message.add;
  if (!Number.isSafeInteger(message.add) || !Number.isSafeInteger(sum)) {
    return ctx.reply(INVALID_INPUT);
  }
  const add = Math.max(message.add, -stock.available);
  if (add !== 0) {
    ctx.record({ kind: "stock_adjusted", sku, add, atMs: ctx.now() });
    markChanged(ctx, publisher, sku);
  }
  ctx.reply(ok(viewOf(stock)));
}

/** Handles {@linkcode AuditStock}. */
export function audit(
  ctx: InventoryContext,
  state: StockState,
  index: SkuIndex,
  message: AuditStock,
): void {
  const { stocks, totals } = state;
  const limit = Math.min(Math.max(message.limit, 1), AUDIT_PAGE_MAX);
  const skus = message.sku === undefined
    ? sortedSkus(state, index)
    : [message.sku];
  const start = message.sku === undefined && message.after !== undefined
    ? indexAfter(skus, message.after)
    : 0;
  const items: StockView[] = [];
  const violations: string[] = [];
  noteViolation(violations, "the whole shard", totals);
  for (const sku of skus.slice(start, start + limit)) {
    const stock = stocks.get(sku);
    if (stock === undefined) continue;
    items.push(viewOf(stock));
    noteViolation(violations, `"${sku}"`, stock);
  }
  const shown = message.sku === undefined ? totals : totalsOf(items);
  const hasMore = start + limit < skus.length;
  const next = hasMore ? skus[start + limit - 1]! : null;
  ctx.reply(ok({ totals: { ...shown }, items, next, violations }));
}

function noteViolation(
  violations: string[],
  name: string,
  units: StockTotals,
): void {
  const violation = violationOf(name, units);
  if (violation !== null) violations.push(violation);
}

/** SKUs are never closed, so the list is old only when it is shorter. */
function sortedSkus(
  { stocks }: StockState,
  index: SkuIndex,
): readonly string[] {
  if (index.skus.length !== stocks.size) {
    index.skus = Array.from(stocks.keys()).sort();
  }
  return index.skus;
}

/** The index of the first SKU behind `after`. */
function indexAfter(skus: readonly string[], after: string): number {
  let low = 0;
  let high = skus.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (skus[middle]! <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The units of one product, or of none. */
function totalsOf([item]: readonly StockView[]): StockTotals {
  return {
    available: item?.available ?? 0,
    held: item?.held ?? 0,
    sold: item?.sold ?? 0,
    initial: item?.initial ?? 0,
    restocked: item?.restocked ?? 0,
    removed: item?.removed ?? 0,
  };
}
