/**
 * A token bucket: how many requests pass, in bursts and over time.
 *
 * Tokens drip in at a fixed rate up to a capacity (`dripping_bucket.ts`); a
 * request takes some or is refused. It reads no clock: the caller gives the
 * time.
 *
 * @module
 */
import { leftOf, MICRO } from "./bounds.ts";
import { DrippingBucket } from "./dripping_bucket.ts";
import type { Limiter } from "./limiter.ts";

export type { TokenBucketPolicy } from "./dripping_bucket.ts";

/** See the module. */
export class TokenBucket extends DrippingBucket implements Limiter {
  /** Takes `cost` tokens and says true, or takes none and says false. */
  tryTake(nowMs: number, cost = 1): boolean {
    this.refill(nowMs);
    const microCost = cost * MICRO;
    if (this.microTokens < microCost) return false;
    this.microTokens -= microCost;
    return true;
  }

  /** Puts back what has not dripped in again since. */
  giveBack(takenMs: number, nowMs: number, cost = 1): void {
    this.refill(nowMs);
    const left = leftOf(cost, nowMs - takenMs, this.ratePerSecond);
    const full = this.burst * MICRO;
    this.microTokens = Math.min(full, this.microTokens + left);
  }

  /** Whole tokens in the bucket. */
  remaining(nowMs: number): number {
    this.refill(nowMs);
    return Math.floor(this.microTokens / MICRO);
  }

  /** True for a full bucket: a new one holds no more. */
  isFresh(nowMs: number): boolean {
    this.refill(nowMs);
    return this.microTokens === this.burst * MICRO;
  }

  /**
   * Whole milliseconds until `cost` tokens are there, if nobody takes any; 0
   * when they are, Infinity when the bucket can never hold as many.
   */
  retryAfterMs(nowMs: number, cost = 1): number {
    if (cost > this.burst) return Infinity;
    this.refill(nowMs);
    return this.dripsInMs(cost * MICRO - this.microTokens);
  }
}
