/**
 * What an eviction policy is: an order over the cells of a bounded map, which
 * says whose turn it is to go. A policy sees places and marks, never values,
 * and keeps its own state as plain data beside the cells, so that all of it
 * can be part of an actor's state.
 *
 * Cells are linked into rings by number. The first cells of the array hold no
 * key: each closes one ring, its `older` being the ring's newest cell and its
 * `newer` the oldest, so that no link is ever missing.
 *
 * @module
 */

/** One key, its value, and its neighbors in its ring. */
export interface Cell<Value = unknown> {
  key: string;
  value: Value | null;
  /** What the map counts for it. */
  bytes: number;
  newer: number;
  older: number;
  /** The policy's own: a count, a ring, whether it was used. */
  mark: number;
}

/**
 * A policy. Every function takes constant time, over many calls where it says
 * so, and gets the place of a cell that holds a key.
 */
export interface Eviction<Order> {
  /** How many rings it needs: cells 0 to `rings` − 1 close them. */
  readonly rings: number;
  /** Its state for a map of so many entries at most. */
  start(capacityEntries: number): Order;
  /** A key has come. */
  added(cells: Cell[], order: Order, place: number): void;
  /** A key was read or written again. */
  used(cells: Cell[], order: Order, place: number): void;
  /** A key goes; its links are still there. */
  removed(cells: Cell[], order: Order, place: number): void;
  /** The place whose turn it is to go. The map is not empty. */
  victim(cells: Cell[], order: Order): number;
}

/** The cell at a place, which comes from the map or a link, so it is there. */
export function cellAt<Value>(cells: Cell<Value>[], place: number) {
  return cells[place]!;
}

/** Cells that close so many empty rings. */
export function closingCells<Value>(rings: number): Cell<Value>[] {
  return Array.from({ length: rings }, (_, ring) => ({
    key: "",
    value: null,
    bytes: 0,
    newer: ring,
    older: ring,
    mark: 0,
  }));
}

/** The place of the ring's oldest cell; the ring's own number when empty. */
export function oldestOf(cells: Cell[], ring: number): number {
  return cellAt(cells, ring).newer;
}

/** Takes a cell out of its ring. */
export function unlink(cells: Cell[], place: number): void {
  const { newer, older } = cellAt(cells, place);
  cellAt(cells, newer).older = older;
  cellAt(cells, older).newer = newer;
}

/** Puts a cell, in no ring now, behind the one that is `older`. */
export function linkAfter(cells: Cell[], older: number, place: number): void {
  const before = cellAt(cells, older);
  const cell = cellAt(cells, place);
  cell.older = older;
  cell.newer = before.newer;
  cellAt(cells, before.newer).older = place;
  before.newer = place;
}

/** Makes a cell, in no ring now, the newest of a ring. */
export function linkAsNewest(
  cells: Cell[],
  ring: number,
  place: number,
): void {
  linkAfter(cells, cellAt(cells, ring).older, place);
}

/** Makes a cell, in no ring now, the oldest of a ring. */
export function linkAsOldest(
  cells: Cell[],
  ring: number,
  place: number,
): void {
  linkAfter(cells, ring, place);
}
