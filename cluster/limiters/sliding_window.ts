/**
 * A sliding window: at most so many requests in any stretch of that length. It
 * keeps the time of each request that passed, so it is exact: a window that is
 * counted anew at its edges lets twice as many pass around an edge, and one
 * that is estimated from the count before lets some pass too many. The price
 * is a number for each request, which bounds the limit.
 *
 * @module
 */
import {
  checkInteger,
  MICRO,
  MOST_IN_WINDOW,
  MOST_WINDOW_MS,
} from "./bounds.ts";
import type { Limiter } from "./limiter.ts";

/** How many pass in any window. */
export interface SlidingWindowPolicy {
  /** Requests in a window. */
  readonly limit: number;
  readonly windowMs: number;
}

/** See the module. */
export class SlidingWindow implements Limiter {
  readonly burst: number;
  readonly ratePerSecond: number;
  readonly delayMs = 0;
  readonly #windowUs: number;
  /** A ring: when the requests of the window passed, the oldest first. */
  readonly #passedUs: Float64Array;
  #oldest = 0;
  #count = 0;
  #newestUs: number;

  /** @throws {RangeError} When the policy is not integers within bounds. */
  constructor({ limit, windowMs }: SlidingWindowPolicy, nowMs: number) {
    const what = "sliding window";
    checkInteger(what, "limit", limit, [1, MOST_IN_WINDOW]);
    checkInteger(what, "windowMs", windowMs, [1, MOST_WINDOW_MS]);
    this.burst = limit;
    this.#windowUs = windowMs * 1000;
    this.ratePerSecond = limit * MICRO / this.#windowUs;
    this.#passedUs = new Float64Array(limit);
    this.#newestUs = Math.floor(nowMs * 1000);
  }

  /** Takes `cost` places of the window. */
  tryTake(nowMs: number, cost = 1): boolean {
    this.#slide(nowMs);
    if (this.#count + cost > this.burst) return false;
    for (let taken = 0; taken < cost; taken++) {
      this.#passedUs[(this.#oldest + this.#count) % this.burst] =
        this.#newestUs;
      this.#count++;
    }
    return true;
  }

  /**
   * Frees as many places as the request still has in the window: its own if it
   * came last, else the oldest, so that nobody who stays leaves any earlier.
   */
  giveBack(takenMs: number, nowMs: number, cost = 1): void {
    this.#slide(nowMs);
    const takenUs = Math.floor(takenMs * 1000);
    if (takenUs <= this.#newestUs - this.#windowUs) return;
    const freed = Math.min(cost, this.#count);
    const newest = (this.#oldest + this.#count - 1) % this.burst;
    if (this.#passedUs[newest] === takenUs) this.#count -= freed;
    else this.#forget(freed);
  }

  #forget(freed: number): void {
    this.#oldest = (this.#oldest + freed) % this.burst;
    this.#count -= freed;
  }

  /** Places of the window that are free. */
  remaining(nowMs: number): number {
    this.#slide(nowMs);
    return this.burst - this.#count;
  }

  /** When enough of the oldest have left the window. */
  retryAfterMs(nowMs: number, cost = 1): number {
    if (cost > this.burst) return Infinity;
    this.#slide(nowMs);
    const mustLeave = this.#count + cost - this.burst;
    if (mustLeave <= 0) return 0;
    const last = (this.#oldest + mustLeave - 1) % this.burst;
    const freeUs = this.#passedUs[last]! + this.#windowUs;
    return Math.ceil((freeUs - this.#newestUs) / 1000);
  }

  /** True when nobody is in the window. */
  isFresh(nowMs: number): boolean {
    this.#slide(nowMs);
    return this.#count === 0;
  }

  /** Forgets what has left the window. A clock that went back stands still. */
  #slide(nowMs: number): void {
    this.#newestUs = Math.max(this.#newestUs, Math.floor(nowMs * 1000));
    const fromUs = this.#newestUs - this.#windowUs;
    while (this.#count > 0 && this.#passedUs[this.#oldest]! <= fromUs) {
      this.#oldest = (this.#oldest + 1) % this.burst;
      this.#count--;
    }
  }
}
