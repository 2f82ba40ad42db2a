/**
 * SIEVE (Zhang et al., NSDI 2024): one ring in order of arrival and a hand
 * that walks from the oldest to the newest, spares once whoever was used since
 * it last came by, and takes the first that was not. A use only sets a mark.
 * Constant over many calls: each step of the hand pays for a use.
 *
 * @module
 */
import type { Eviction } from "./order.ts";
import { cellAt, linkAsNewest, oldestOf, unlink } from "./order.ts";

/** A cell's `mark` is 1 when it was used since the hand came by. */
interface SieveOrder {
  /** Where the hand stands; the ring's number: before the oldest. */
  hand: number;
}

const RING = 0;

/** See the module. */
export const sieve: Eviction<SieveOrder> = {
  rings: 1,
  start: () => ({ hand: RING }),
  added(cells, _, place) {
    cellAt(cells, place).mark = 0;
    linkAsNewest(cells, RING, place);
  },
  used(cells, _, place) {
    cellAt(cells, place).mark = 1;
  },
  removed(cells, order, place) {
    if (order.hand === place) order.hand = cellAt(cells, place).newer;
    unlink(cells, place);
  },
  victim(cells, order) {
    for (;;) {
      if (order.hand === RING) order.hand = oldestOf(cells, RING);
      const cell = cellAt(cells, order.hand);
      if (cell.mark === 0) return order.hand;
      cell.mark = 0;
      order.hand = cell.newer;
    }
  },
};
