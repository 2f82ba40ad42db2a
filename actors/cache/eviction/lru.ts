/**
 * Least recently used goes first: one ring in order of use.
 *
 * @module
 */
import type { Eviction } from "./order.ts";
import { cellAt, linkAsNewest, oldestOf, unlink } from "./order.ts";

const RING = 0;

/** See the module. A use moves four numbers. */
export const lru: Eviction<null> = {
  rings: 1,
  start: () => null,
  added(cells, _, place) {
    linkAsNewest(cells, RING, place);
  },
  used(cells, _, place) {
    if (cellAt(cells, RING).older === place) return;
    unlink(cells, place);
    linkAsNewest(cells, RING, place);
  },
  removed(cells, _, place) {
    unlink(cells, place);
  },
  victim: (cells) => oldestOf(cells, RING),
};
