/**
 * Starts that are asked for at once, one after the other. Making a thread
 * blocks the one that makes it until the platform is up in the new one: 40 ms,
 * and on a machine with thirty things to do for each core a second. Several in
 * a row would keep a process from renewing the leases for which it starts them;
 * so after each the thread has as long again for everything else.
 *
 * @module
 */
import { hostClock, hostTimers } from "./host_clock.ts";

/** See the module. */
export class SpreadStarts {
  readonly #waiting: (() => void)[] = [];

  /** Calls `start` later, behind those that came before. */
  add(start: () => void): void {
    if (this.#waiting.push(start) === 1) hostTimers.set(this.#next, 0);
  }

  readonly #next = (): void => {
    const fromMs = hostClock.monotonicMs();
    this.#waiting[0]!();
    this.#waiting.shift();
    if (this.#waiting.length === 0) return;
    hostTimers.set(this.#next, hostClock.monotonicMs() - fromMs);
  };
}
