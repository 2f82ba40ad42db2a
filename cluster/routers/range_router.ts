/**
 * Sharding by range: neighbours stay together, so a scan asks one shard. A
 * range holds its lower border and not its upper one, and each key is in one
 * range at most. Text compares by code unit.
 *
 * @module
 */
import { rangeAt } from "../../actors/runtime/ranges.ts";
import type { Router } from "./router.ts";

/** The keys from `from` to below `to`, and who keeps them. */
export interface ShardRange<Key extends number | string = number> {
  /** Its first key; nothing is below `-Infinity` and `""`. */
  readonly from: Key;
  /** The first key behind it; null: there is none. */
  readonly to: Key | null;
  /** Who keeps it. */
  readonly shard: string;
}

/** See the module. Of text it is a `RangeRouter<string>`. */
export class RangeRouter<Key extends number | string = number>
  implements Router<Key> {
  /** Grows with each change of the map. */
  readonly version: number;
  /** In order; none overlaps the next. */
  readonly #ranges: readonly ShardRange<Key>[];
  /** Where each begins. */
  readonly #borders: readonly Key[];

  /**
   * Makes the map of that version, from ranges in any order.
   *
   * @throws {RangeError} For a range that is empty, or overlaps another.
   */
  constructor(version: number, ranges: readonly ShardRange<Key>[]) {
    this.version = version;
    this.#ranges = ranges.toSorted((left, right) =>
      left.from < right.from ? -1 : left.from > right.from ? 1 : 0
    );
    this.#borders = this.#ranges.map(({ from }) => from);
    let before: ShardRange<Key> | null = null;
    for (const range of this.#ranges) {
      if (!reaches(range.to, range.from)) {
        refuse("must not be empty", range, null);
      }
      if (before !== null && reaches(before.to, range.from)) {
        refuse("must not overlap", before, range);
      }
      before = range;
    }
  }

  /** The shard of a key; null where no range holds it. */
  route(key: Key): string | null {
    const range = this.#ranges[rangeAt(this.#borders, key)];
    return range !== undefined && reaches(range.to, key) ? range.shard : null;
  }
}

/** Whether a key is before that end. */
function reaches<Key extends number | string>(
  to: Key | null,
  key: Key,
): boolean {
  return to === null || key < to;
}

function refuse<Key extends number | string>(
  why: string,
  range: ShardRange<Key>,
  other: ShardRange<Key> | null,
): never {
  const show = ({ from, to }: ShardRange<Key>) => `[${from}, ${to ?? ""})`;
  const found = show(range) + (other === null ? "" : ` and ${show(other)}`);
  throw new RangeError(
    `Cannot route by range as ranges ${why}: current value is ${found}`,
  );
}
