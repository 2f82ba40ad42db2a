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
  /** Those that let all others go first. */
  readonly #last: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Calls `start` in a later turn, after all that were added so before. */
  add(start: () => void): void {
    this.#waiting.push(start);
    if (this.#timer === undefined) this.#next(0);
  }

  /** The same, once nothing else waits. */
  addLast(start: () => void): void {
    this.#last.push(start);
    if (this.#timer === undefined) this.#next(0);
  }

  /** Starts nothing more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.length = 0;
    this.#last.length = 0;
  }

  #next(delayMs: number): void {
    this.#timer = setTimeout(() => {
      const fromMs = hostClock.monotonicMs();
      const start = this.#waiting.shift() ?? this.#last.shift();
      start?.();
      const tookMs = hostClock.monotonicMs() - fromMs;
      this.#timer = undefined;
      if (this.#waiting.length + this.#last.length > 0) this.#next(tookMs);
    }, delayMs);
  }
}
