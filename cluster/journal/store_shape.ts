/**
 * What a store is made with and keeps for life: how many partitions there are
 * of each kind of actor, and which SKUs each inventory partition has. A config
 * that says otherwise would look for a product where it is not, and is refused.
 *
 * It is kept as one JSON object. A release that knows no ranges takes them for
 * counts that differ from its own, and refuses the store too.
 *
 * @module
 */
import type { RangeMap } from "../../actors/placement.ts";
import { StoreError } from "./database.ts";

/** How many partitions a store has of each kind of actor. */
export type PartitionCounts = Readonly<Record<string, number>>;

/** See the module. */
export interface StoreShape {
  readonly partitions: PartitionCounts;
  /** Null: stock is shared out by hash, as in every store of older releases. */
  readonly stockRanges: RangeMap | null;
}

/** The name beside those of the kinds, where there are ranges. */
const RANGES = "stock_ranges";

/** The text that the store keeps. */
export function writeShape({ partitions, stockRanges }: StoreShape): string {
  const ranges = stockRanges === null ? {} : { [RANGES]: stockRanges };
  return JSON.stringify({ ...partitions, ...ranges });
}

/** What the store's text says. */
export function readShape(text: string): StoreShape {
  const { [RANGES]: stockRanges = null, ...partitions } = JSON.parse(text);
  return { partitions, stockRanges };
}

/** Throws `StoreError` (mismatch) for another shape than the expected one. */
export function mustBeShaped(
  place: string,
  expected: StoreShape,
  found: StoreShape,
): void {
  const counts = [expected, found].map(describePartitions);
  const [should, does] = counts[0] === counts[1]
    ? describeDifference(expected.stockRanges, found.stockRanges)
    : counts;
  if (should !== does) throw new StoreError("mismatch", place, should!, does!);
}

/** "accounts 4, inventory 16 partitions": the same for the same counts. */
function describePartitions({ partitions }: StoreShape): string {
  return Object.entries(partitions).sort(([a], [b]) => a < b ? -1 : 1)
    .map(([kind, count]) => `${kind} ${count}`).join(", ") + " partitions";
}

/** The first range that differs, as a whole map may be long. */
function describeDifference(
  expected: RangeMap | null,
  found: RangeMap | null,
): readonly [string, string] {
  if (expected === null || found === null) {
    return [describeRouter(expected), describeRouter(found)];
  }
  const { borders } = expected;
  const at = borders.findIndex((_, index) =>
    describeRange(expected, index) !== describeRange(found, index)
  );
  return [describeRange(expected, at), describeRange(found, at)];
}

function describeRouter(ranges: RangeMap | null): string {
  return ranges === null
    ? "stock by hash"
    : `stock by ${ranges.borders.length} ranges of SKUs`;
}

function describeRange(
  { borders, partitions }: RangeMap,
  index: number,
): string {
  return `stock of SKUs from ${JSON.stringify(borders[index])} in ` +
    `inventory partition ${partitions[index]}`;
}
