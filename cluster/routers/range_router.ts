/**
 * Sharding by range: neighbours stay together, so a scan asks one shard. A
 * range holds its lower border and not its upper one, and each key is in one
 * range at most.
 *
 * @module
 */
import type { Router } from "./router.ts";

/** The keys from `from` to below `to`, and who keeps them. */
export interface ShardRange {
  /** Its first key. */
  readonly from: number;
  /** The first key behind it. */
  readonly to: number;
  /** Who keeps it. */
  readonly shard: string;
}

/** See the module. */
export class RangeRouter implements Router<number> {
  /** Grows with each change of the map. */
  readonly version: number;
  /** In order; none overlaps the next. */
  readonly #ranges: readonly ShardRange[];

  /**
   * Makes the map of that version, from ranges in any order.
   *
   * @throws {RangeError} For a range that is empty, or overlaps another.
   */
  constructor(version: number, ranges: readonly ShardRange[]) {
    this.version = version;
    this.#ranges = ranges.toSorted((left, right) => left.from - right.from);
    let before: ShardRange | null = null;
    for (const range of this.#ranges) {
      if (!(range.from < range.to)) refuse("must not be empty", range, null);
      if (before !== null && range.from < before.to) {
        refuse("must not overlap", before, range);
      }
      before = range;
    }
  }

  /** The shard of a key; null where no range holds it. */
  route(key: number): string | null {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]!.from <= key) low = middle + 1;
      else high = middle;
    }
    const range = this.#ranges[low - 1];
    return range !== undefined && key < range.to ? range.shard : null;
  }
}

function refuse(
  why: string,
  range: ShardRange,
  other: ShardRange | null,
): never {
  const show = ({ from, to }: ShardRange) => `[${from}, ${to})`;
  const found = show(range) + (other === null ? "" : ` and ${show(other)}`);
  throw new RangeError(
    `Cannot route by range as ranges ${why}: current value is ${found}`,
  );
}
