/**
 * The leaky bucket, both ways in which it is meant (Turner 1986). Requests are
 * poured in and leak out at a fixed rate. As a meter it refuses what would
 * overflow: the token bucket seen from below, and it decides alike. As a queue
 * it lets a request wait until all before it have leaked out, and refuses who
 * would wait too long: what comes out is evenly paced, without a burst. The
 * queue holds no request itself; it says how long to hold it.
 *
 * The level is kept in micro-requests, so a rate of r per second leaks r of
 * them each microsecond and no fraction is lost.
 *
 * @module
 */
import {
  checkInteger,
  leftOf,
  MICRO,
  MOST_QUEUED_PER_SECOND,
  MOST_TOKENS,
  MOST_WAIT_MS,
} from "./bounds.ts";
import type { Limiter } from "./limiter.ts";

/** What a leaky bucket takes in, as a meter. */
export interface LeakyMeterPolicy {
  /** Requests that the bucket holds: the largest burst. */
  readonly capacity: number;
  /** Requests that leak out per second. */
  readonly leakPerSecond: number;
}

/** What a leaky bucket takes in, as a queue. */
export interface LeakyQueuePolicy {
  /** Requests that go on per second, evenly spaced. */
  readonly leakPerSecond: number;
  /** Who would wait for longer is refused. */
  readonly maxWaitMs: number;
}

/** A level that sinks with time. */
class Leak {
  /** Micro-requests in the bucket. */
  level = 0;
  readonly #perSecond: number;
  #updatedUs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#updatedUs = Math.floor(nowMs * 1000);
  }

  /** Lets out what has leaked since. A clock that went back lets out nothing. */
  sink(nowMs: number): void {
    const nowUs = Math.floor(nowMs * 1000);
    const elapsedUs = nowUs - this.#updatedUs;
    if (elapsedUs <= 0) return;
    this.#updatedUs = nowUs;
    // Compared before multiplied: after a long pause the product is not safe.
    this.level = elapsedUs >= this.level / this.#perSecond
      ? 0
      : this.level - elapsedUs * this.#perSecond;
  }

  /** Whole microseconds until at most `level` is left. */
  usUntil(level: number): number {
    return Math.ceil(Math.max(0, this.level - level) / this.#perSecond);
  }
}

/** The bucket as a meter; see the module. */
export class LeakyMeter implements Limiter {
  readonly burst: number;
  readonly ratePerSecond: number;
  readonly delayMs = 0;
  readonly #leak: Leak;

  /** @throws {RangeError} When the policy is not integers within bounds. */
  constructor({ capacity, leakPerSecond }: LeakyMeterPolicy, nowMs: number) {
    const what = "leaky bucket";
    checkInteger(what, "capacity", capacity, [1, MOST_TOKENS]);
    checkInteger(what, "leakPerSecond", leakPerSecond, [1, MOST_TOKENS]);
    this.burst = capacity;
    this.ratePerSecond = leakPerSecond;
    this.#leak = new Leak(leakPerSecond, nowMs);
  }

  /** Pours `cost` in when it does not overflow. */
  tryTake(nowMs: number, cost = 1): boolean {
    this.#leak.sink(nowMs);
    const level = this.#leak.level + cost * MICRO;
    if (level > this.burst * MICRO) return false;
    this.#leak.level = level;
    return true;
  }

  /** Takes out what has not leaked out since. */
  giveBack(takenMs: number, nowMs: number, cost = 1): void {
    this.#leak.sink(nowMs);
    const left = leftOf(cost, nowMs - takenMs, this.ratePerSecond);
    this.#leak.level = Math.max(0, this.#leak.level - left);
  }

  /** Whole requests that still fit in. */
  remaining(nowMs: number): number {
    this.#leak.sink(nowMs);
    return Math.floor((this.burst * MICRO - this.#leak.level) / MICRO);
  }

  /** When `cost` fits in; Infinity when it is more than the bucket holds. */
  retryAfterMs(nowMs: number, cost = 1): number {
    if (cost > this.burst) return Infinity;
    this.#leak.sink(nowMs);
    return Math.ceil(this.#leak.usUntil((this.burst - cost) * MICRO) / 1000);
  }

  /** True when all has leaked out. */
  isFresh(nowMs: number): boolean {
    this.#leak.sink(nowMs);
    return this.#leak.level === 0;
  }
}

/** The bucket as a queue; see the module. */
export class LeakyQueue implements Limiter {
  readonly burst: number;
  readonly ratePerSecond: number;
  /** How long what was taken last waits until all before it have gone. */
  delayMs = 0;
  readonly #leak: Leak;
  /** With this much before it a request waits exactly `maxWaitMs`. */
  readonly #mostBefore: number;

  /** @throws {RangeError} When the policy is not integers within bounds. */
  constructor({ leakPerSecond, maxWaitMs }: LeakyQueuePolicy, nowMs: number) {
    const what = "leaky queue";
    const most = MOST_QUEUED_PER_SECOND;
    checkInteger(what, "leakPerSecond", leakPerSecond, [1, most]);
    checkInteger(what, "maxWaitMs", maxWaitMs, [0, MOST_WAIT_MS]);
    this.ratePerSecond = leakPerSecond;
    this.#mostBefore = leakPerSecond * maxWaitMs * 1000;
    // The line, rounded up, and the request that stands behind it.
    this.burst = Math.ceil(this.#mostBefore / MICRO) + 1;
    this.#leak = new Leak(leakPerSecond, nowMs);
  }

  /** Joins the line when the wait is short enough; see `delayMs`. */
  tryTake(nowMs: number, cost = 1): boolean {
    this.#leak.sink(nowMs);
    if (this.#leak.level > this.#mostBefore) return false;
    this.delayMs = this.#leak.usUntil(0) / 1000;
    this.#leak.level += cost * MICRO;
    return true;
  }

  /** Requests that can still join the line. */
  remaining(nowMs: number): number {
    this.#leak.sink(nowMs);
    const room = this.#mostBefore - this.#leak.level;
    return room < 0 ? 0 : Math.floor(room / MICRO) + 1;
  }

  /** When the line is short enough, whatever the cost. */
  retryAfterMs(nowMs: number): number {
    this.#leak.sink(nowMs);
    return Math.ceil(this.#leak.usUntil(this.#mostBefore) / 1000);
  }

  /** True when nobody is in line. */
  isFresh(nowMs: number): boolean {
    this.#leak.sink(nowMs);
    return this.#leak.level === 0;
  }
}
