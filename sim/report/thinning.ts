/**
 * Makes a long series as short as a chart can show. Neighboring buckets become
 * one, in the way that hides nothing bad: counts add up, queues and p99 keep
 * their worst, p50 is averaged over what ended, stock is what it was last.
 *
 * @module
 */
import type { Series } from "../run_result.ts";
import { highest, sum } from "./figures.ts";

type Merge = (values: readonly number[]) => number;

/** The last of a group, 0 of none. */
const last: Merge = (values) => values.at(-1) ?? 0;

/**
 * At most `maxPoints` buckets, each as wide as the others. Values that are not
 * finite or below 0 become 0.
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
    bucketMs: (series.bucketMs > 0 ? series.bucketMs : 1) * group,
    offered: by(sum)(series.offered),
    ok: by(sum)(series.ok),
    rejected: by(sum)(series.rejected),
    failed: by(sum)(series.failed),
    p50Ms: meanOfWhatEnded(series, length, group),
    p99Ms: by(highest)(series.p99Ms),
    depths: all(series.depths, by(highest)),
    handled: all(series.handled, by(sum)),
    stock: Object.fromEntries(
      Object.entries(series.stock).map(([sku, ledger]) => [sku, {
        available: by(last)(ledger.available),
        held: by(last)(ledger.held),
        sold: by(last)(ledger.sold),
      }]),
    ),
    cacheHits: by(sum)(series.cacheHits),
    cacheMisses: by(sum)(series.cacheMisses),
    limited: by(sum)(series.limited),
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
  const groups = Math.ceil(length / group);
  return Array.from({ length: groups }, (_, index) => {
    const from = index * group;
    const size = Math.min(group, length - from);
    return merge(
      Array.from({ length: size }, (_, at) => proper(values[from + at])),
    );
  });
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
  const add = { length, group, merge: sum };
  const totals = merged(weights, add);
  return merged(weighted, add).map((value, at) =>
    value === 0 ? 0 : value / (totals[at] ?? 1)
  );
}

function proper(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : 0;
}
