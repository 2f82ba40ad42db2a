/**
 * Makes a long series as short as a chart can show. Neighboring buckets become
 * one, in the way that hides nothing bad: counts add up, queues and p99 keep
 * their worst, p50 is averaged over what ended, stock is what it was last.
 *
 * @module
 */
import type { Series } from "../run_result.ts";
import { sum } from "./figures.ts";

/** What two neighbors become. */
type Merge = (before: number, after: number) => number;

/** Counts add up. */
export const add: Merge = (before, after) => before + after;
const last: Merge = (_, after) => after;

/**
 * At most `maxPoints` buckets, each as wide as the others. Values that are no
 * number or below 0 become 0; infinite ones become 1e15.
 */
export function thin(series: Series, maxPoints: number): Series {
  const length = series.offered.length;
  const group = Math.max(1, Math.ceil(length / maxPoints));
  const by = (merge: Merge) => (values: readonly number[]) =>
    merged(values, { length, group, merge });
  const all = <Value>(
    record: Readonly<Record<string, Value>>,
    each: (value: Value) => readonly number[],
  ) =>
    Object.fromEntries(
      Object.entries(record).map(([name, value]) => [name, each(value)]),
    );
  return {
    bucketMs: (proper(series.bucketMs) || 1) * group,
    offered: by(add)(series.offered),
    ok: by(add)(series.ok),
    rejected: by(add)(series.rejected),
    failed: by(add)(series.failed),
    p50Ms: meanOfWhatEnded(series, length, group),
    p99Ms: by(Math.max)(series.p99Ms),
    depths: all(series.depths, by(Math.max)),
    handled: all(series.handled, by(add)),
    stock: Object.fromEntries(
      Object.entries(series.stock).map(([sku, ledger]) => [sku, {
        available: by(last)(ledger.available),
        held: by(last)(ledger.held),
        sold: by(last)(ledger.sold),
      }]),
    ),
    cacheHits: by(add)(series.cacheHits),
    cacheMisses: by(add)(series.cacheMisses),
    limited: by(add)(series.limited),
  };
}

interface Grouping {
  readonly length: number;
  readonly group: number;
  readonly merge: Merge;
}

/** One value for each group of `group` buckets. */
export function merged(
  values: readonly number[],
  { length, group, merge }: Grouping,
): number[] {
  const result = new Array<number>(Math.ceil(length / group)).fill(0);
  for (let at = 0; at < length; at++) {
    const value = proper(values[at]);
    const index = Math.floor(at / group);
    result[index] = at % group === 0 ? value : merge(result[index] ?? 0, value);
  }
  return result;
}

/** Buckets where nothing ended have no p50 and do not pull it down. */
function meanOfWhatEnded(
  series: Series,
  length: number,
  group: number,
): number[] {
  const weights = Array.from(
    { length },
    (_, at) =>
      proper(series.p50Ms[at]) === 0 ? 0 : Math.max(
        1,
        sum([series.ok, series.rejected, series.failed].map(
          (each) => proper(each[at]),
        )),
      ),
  );
  const weighted = weights.map((weight, at) =>
    weight * proper(series.p50Ms[at])
  );
  const adding = { length, group, merge: add };
  const totals = merged(weights, adding);
  return merged(weighted, adding).map((value, at) =>
    value === 0 ? 0 : value / (totals[at] ?? 1)
  );
}

/** Finer or larger than anything in a run: a billionth, a thousand years. */
const LEAST = 1e-9;
const MOST = 1e15;

function proper(value: number | undefined): number {
  return value !== undefined && value >= LEAST ? Math.min(value, MOST) : 0;
}
