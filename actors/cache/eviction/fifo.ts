/**
 * First in, first out: one ring in order of arrival. A hit saves nobody.
 *
 * @module
 */
import type { Eviction } from "./order.ts";
import { linkAsNewest, oldestOf, unlink } from "./order.ts";

const RING = 0;

/** See the module. */
export const fifo: Eviction<null> = {
  rings: 1,
  start: () => null,
  added(cells, _, place) {
    linkAsNewest(cells, RING, place);
  },
  used() {},
  removed(cells, _, place) {
    unlink(cells, place);
  },
  victim: (cells) => oldestOf(cells, RING),
};
