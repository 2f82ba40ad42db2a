/**
 * Cores that threads share, and threads as they use them. Who has work for a
 * core takes the one that is free first, in the order of asking, and keeps it
 * until the work is done: a queue with some servers.
 *
 * Work is booked when it is known, so it costs no act of the simulation; what
 * comes of it is for whoever booked it to do when its time is over.
 *
 * @module
 */

/** See the module's text. Without a number there is one for everybody. */
export class Cores {
  /** Until when each is taken; null: nobody ever waits for one. */
  readonly #takenUntilUs: number[] | null;

  constructor(count: number | null) {
    this.#takenUntilUs = count === null ? null : Array(count).fill(0);
  }

  /** Books work that can begin then; gives when it is done. */
  book(fromUs: number, workUs: number): number {
    const taken = this.#takenUntilUs;
    if (taken === null) return fromUs + workUs;
    const core = bestOf(taken, fromUs);
    return taken[core] = Math.max(taken[core]!, fromUs) + workUs;
  }
}

/**
 * Of those that are free by then the one that was taken longest, so that none
 * stands idle for what is still to come; else the one that is free first.
 */
function bestOf(takenUntilUs: readonly number[], fromUs: number): number {
  let best = 0;
  for (let core = 1; core < takenUntilUs.length; core++) {
    const until = takenUntilUs[core]!;
    const bestUntil = takenUntilUs[best]!;
    const isBetter = bestUntil > fromUs
      ? until < bestUntil
      : until <= fromUs && until > bestUntil;
    if (isBetter) best = core;
  }
  return best;
}

/** Does one thing after the other, on one core at a time. */
export class Processor {
  /** It has something to do until then. */
  busyUntilUs = 0;
  /** What it has done, or is to do, since the start. */
  workedUs = 0;
  readonly #cores: Cores;

  constructor(cores: Cores) {
    this.#cores = cores;
  }

  /** Takes work at the end of its own; gives when that is done. */
  work(nowUs: number, workUs: number): number {
    const fromUs = Math.max(nowUs, this.busyUntilUs);
    this.workedUs += workUs;
    return this.busyUntilUs = this.#cores.book(fromUs, workUs);
  }
}
