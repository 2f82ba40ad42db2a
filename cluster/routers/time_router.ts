/**
 * Sharding by time: what happened in one period stands in one shard, so that
 * old periods can be put away whole. A period holds its first moment and not
 * its last: an order at midnight belongs to the new day, to the millisecond.
 *
 * @module
 */
import { RangeRouter } from "./range_router.ts";
import type { Router } from "./router.ts";

/** What happened from `from` to before `to`, in RFC 3339, and who keeps it. */
export interface ShardPeriod {
  /** Its first moment. */
  readonly from: string;
  /** The first moment after it. */
  readonly to: string;
  /** Who keeps it. */
  readonly shard: string;
}

/** See the module. Keys are milliseconds since 1970. */
export class TimeRouter implements Router<number> {
  readonly #ranges: RangeRouter;

  /**
   * Makes the map of that version, from periods in any order.
   *
   * @throws {RangeError} For a time that cannot be read or has no offset, and
   * for a period that is empty or overlaps another.
   */
  constructor(version: number, periods: readonly ShardPeriod[]) {
    this.#ranges = new RangeRouter(
      version,
      periods.map(({ from, to, shard }) => ({
        from: momentOf(from),
        to: momentOf(to),
        shard,
      })),
    );
  }

  /** Grows with each change of the map. */
  get version(): number {
    return this.#ranges.version;
  }

  /** The shard of a moment; null where no period holds it. */
  route(atMs: number): string | null {
    return this.#ranges.route(atMs);
  }
}

/** Without an offset a text means another moment on each machine. */
const MOMENT =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970; null for what is no time with an offset. */
export function parseMoment(text: string): number | null {
  const moment = MOMENT.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(moment) ? null : moment;
}

function momentOf(text: string): number {
  const moment = parseMoment(text);
  if (moment !== null) return moment;
  throw new RangeError(
    `Cannot route by time as a border must be a time with an offset, such as ` +
      `"2026-11-11T00:00:00Z": current value is "${text}"`,
  );
}
