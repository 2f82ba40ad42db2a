/**
 * Starts one thing after the other, each in a turn of its own. A thread that
 * starts another is held up for 30 ms, and for much longer on a busy machine;
 * with several in a row it would miss what comes in meanwhile, such as what
 * keeps its leases.
 *
 * @module
 */

/** See the module. */
export class StartQueue {
  readonly #waiting: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Calls `start` in a later turn, after all that were added before. */
  add(start: () => void): void {
    this.#waiting.push(start);
    if (this.#waiting.length === 1) this.#next();
  }

  /** Starts nothing more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #next(): void {
    this.#timer = setTimeout(() => {
      this.#waiting[0]!();
      this.#waiting.shift();
      if (this.#waiting.length > 0) this.#next();
    });
  }
}
