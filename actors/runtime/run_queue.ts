/**
 * The actors that have mail, in the order in which they get their turn: the
 * longest waiting first, or whichever the host picks (an adversary's choice is
 * what finds the orders that nobody thought of). An actor stands in it once.
 *
 * @module
 */
import type { Cell } from "./cell.ts";
import { Fifo } from "./mailbox.ts";

/** Actors with mail. Bounded by the number of actors. */
export class RunQueue {
  readonly #pick: ((count: number) => number) | undefined;
  readonly #waiting = new Fifo<Cell>();
  /** Used instead of `#waiting` where the host picks. */
  readonly #pickable: Cell[] = [];

  /** @param pick Chooses among so many actors; absent: the longest waiting. */
  constructor(pick?: (count: number) => number) {
    this.#pick = pick;
  }

  /** How many actors wait for their turn. */
  get size(): number {
    return this.#waiting.size + this.#pickable.length;
  }

  /** Queues an actor, unless it waits already or does not live now. */
  push(cell: Cell): void {
    if (cell.queued || cell.status !== "running") return;
    cell.queued = true;
    if (this.#pick === undefined) this.#waiting.push(cell);
    else this.#pickable.push(cell);
  }

  /** Takes the next one out; undefined when nobody waits. */
  shift(): Cell | undefined {
    const cell = this.#pick === undefined
      ? this.#waiting.shift()
      : this.#pickable.splice(this.#pick(this.#pickable.length), 1)[0];
    if (cell !== undefined) cell.queued = false;
    return cell;
  }
}
