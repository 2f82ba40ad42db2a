/**
 * Starts that are asked for at once, one in a turn of the thread each. Making a
 * thread blocks the one that makes it until the platform is up in the new one:
 * 40 ms, and on a busy machine a good part of a second. Several in a row would
 * keep a process from renewing the leases for which it starts them.
 *
 * @module
 */

/** See the module. */
export class SpreadStarts {
  readonly #waiting: (() => void)[] = [];

  /** Calls `start` in a turn of its own, behind those that came before. */
  add(start: () => void): void {
    if (this.#waiting.push(start) === 1) this.#post();
  }

  #post(): void {
    setImmediate(() => {
      this.#waiting[0]!();
      this.#waiting.shift();
      if (this.#waiting.length > 0) this.#post();
    });
  }
}
