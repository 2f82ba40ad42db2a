/**
 * Least frequently used goes first, and of equals the one used longest ago.
 * A ring for each count makes every step constant (Shah, Mitra, Matani 2010:
 * "An O(1) algorithm for implementing the LFU cache eviction scheme"; counts
 * end at a bound here, so the rings stand in an array instead of a list).
 *
 * Counts age, or what was popular once would stay for good: with every so many
 * uses the next cell in turn has its count halved, so that no step ever walks
 * over all cells.
 *
 * @module
 */
import type { Cell, Eviction } from "./order.ts";
import {
  cellAt,
  linkAsNewest,
  linkAsOldest,
  oldestOf,
  unlink,
} from "./order.ts";

/** A cell's `mark` is its count, and the number of its ring. */
interface LfuOrder {
  /** No cell has a lower count. */
  least: number;
  /** Uses until the next cell ages. */
  untilAgeing: number;
  /** The place that aged last. */
  aged: number;
}

/** One in 80 n uses of n cells reaches it: hotter ones need no order. */
const MOST = 255;
/** Each count is halved once in 10 n uses: the sample of TinyLFU (2017). */
const USES_PER_AGEING = 10;

/** See the module. */
export const lfu: Eviction<LfuOrder> = {
  rings: MOST + 1,
  start: () => ({ least: 1, untilAgeing: USES_PER_AGEING, aged: MOST }),
  added(cells, order, place) {
    cellAt(cells, place).mark = 1;
    linkAsNewest(cells, 1, place);
    order.least = 1;
    age(cells, order);
  },
  used(cells, order, place) {
    const cell = cellAt(cells, place);
    unlink(cells, place);
    if (cell.mark < MOST) cell.mark++;
    linkAsNewest(cells, cell.mark, place);
    age(cells, order);
  },
  removed(cells, _, place) {
    unlink(cells, place);
    cellAt(cells, place).mark = 0;
  },
  victim(cells, order) {
    while (oldestOf(cells, order.least) === order.least) order.least++;
    return oldestOf(cells, order.least);
  },
};

function age(cells: Cell[], order: LfuOrder): void {
  if (--order.untilAgeing > 0) return;
  order.untilAgeing = USES_PER_AGEING;
  order.aged = order.aged + 1 < cells.length ? order.aged + 1 : MOST + 1;
  const cell = cellAt(cells, order.aged);
  if (cell.mark < 2) return;
  unlink(cells, order.aged);
  cell.mark >>= 1;
  // Nobody knows who of its new equals was used since: it goes before them.
  linkAsOldest(cells, cell.mark, order.aged);
  order.least = Math.min(order.least, cell.mark);
}
