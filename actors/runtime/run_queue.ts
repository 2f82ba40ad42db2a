/**
 * The actors that have mail, in the order in which they get their turn: the
 * longest waiting first, or whichever the host picks (an adversary's choice is
 * what finds the orders that nobody thought of). An actor stands in it once.
 *
 * @module
 */
import type { Cell } from "./cell.ts";

/** Places at first; most domains have fewer actors with mail at a time. */
const RING_MIN = 64;

/** Actors with mail. Bounded by the number of actors. */
export class RunQueue {
  readonly #pick: ((count: number) => number) | undefined;
  /** A ring whose size is a power of two: `#size` of them from `#first`. */
  #ring: (Cell | undefined)[] = new Array(RING_MIN).fill(undefined);
  #first = 0;
  #size = 0;
  /** Used instead of `#waiting` where the host picks. */
  readonly #pickable: Cell[] = [];

  /** @param pick Chooses among so many actors; absent: the longest waiting. */
  constructor(pick?: (count: number) => number) {
    this.#pick = pick;
  }

  /** How many actors wait for their turn. */
  get size(): number {
    return this.#size + this.#pickable.length;
  }

  /** Queues an actor, unless it waits already or does not live now. */
  push(cell: Cell): void {
    if (cell.queued || !cell.isAlive) return;
    cell.queued = true;
    if (this.#pick !== undefined) {
      this.#pickable.push(cell);
      return;
    }
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#size++) & (this.#ring.length - 1)] = cell;
  }

  /** Takes the next one out; undefined when nobody waits. */
  shift(): Cell | undefined {
    const cell = this.#pick === undefined
      ? this.#longestWaiting()
      : this.#pickable.splice(this.#pick(this.#pickable.length), 1)[0];
    if (cell !== undefined) cell.queued = false;
    return cell;
  }

  #longestWaiting(): Cell | undefined {
    if (this.#size === 0) return undefined;
    const cell = this.#ring[this.#first];
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    this.#size--;
    return cell;
  }

  #grow(): void {
    const { length } = this.#ring;
    const ring: (Cell | undefined)[] = new Array(length * 2).fill(undefined);
    for (let index = 0; index < length; index++) {
      ring[index] = this.#ring[(this.#first + index) & (length - 1)];
    }
    this.#ring = ring;
    this.#first = 0;
  }
}
