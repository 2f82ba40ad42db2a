/**
 * Starts one thing after the other. A thread that starts another is held up for
 * 30 ms, and for a second on a machine with thirty things to do for each core;
 * with several in a row it would miss what comes in meanwhile, such as what
 * keeps its leases. An answer takes some turns of the event loop to get in, so
 * between two starts there is as much time as the former took.
 *
 * @module
 */
import { hostClock } from "./host_clock.ts";

/** See the module. */
export class StartQueue {
  readonly #waiting: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Calls `start` in a later turn, after all that were added before. */
  add(start: () => void): void {
    this.#waiting.push(start);
    if (this.#waiting.length === 1) this.#next(0);
  }

  /** Starts nothing more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #next(delayMs: number): void {
    this.#timer = setTimeout(() => {
      const fromMs = hostClock.monotonicMs();
      this.#waiting[0]!();
      this.#waiting.shift();
      const tookMs = hostClock.monotonicMs() - fromMs;
      if (this.#waiting.length > 0) this.#next(tookMs);
    }, delayMs);
  }
}
