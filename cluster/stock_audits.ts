/**
 * The stock of all shards on one page: sums, violations, and the products.
 *
 * @module
 */
import type { StockAudit } from "../actors/inventory_shard.ts";

/** One page over all shards: each gave its own first `limit` items. */
export function mergeAudits(
  audits: readonly StockAudit[],
  limit: number,
): StockAudit {
  const totals = {
    available: 0,
    held: 0,
    sold: 0,
    initial: 0,
    restocked: 0,
    removed: 0,
  };
  for (const audit of audits) {
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) {
      totals[name] += audit.totals[name];
    }
  }
  const all = audits.flatMap(({ items }) => items)
    .sort((left, right) => left.sku < right.sku ? -1 : 1);
  const items = all.slice(0, limit);
  const more = all.length > limit ||
    audits.some(({ next }) => next !== null);
  return {
    totals,
    items,
    next: more ? items.at(-1)?.sku ?? null : null,
    violations: audits.flatMap(({ violations }) => violations),
  };
}
