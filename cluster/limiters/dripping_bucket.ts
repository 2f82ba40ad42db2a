/**
 * What all token buckets are: a level that tokens drip into at a fixed rate, up
 * to a capacity. The refill is lazy, computed from the time that passed, so an
 * idle bucket costs nothing. All arithmetic is on integers: a rate of r tokens
 * per second is r micro-tokens per microsecond, and no fraction is ever lost.
 *
 * @module
 */
import { checkInteger, MICRO, MOST_TOKENS } from "./bounds.ts";

/** What a bucket allows. */
export interface TokenBucketPolicy {
  /** Tokens in a full bucket: the largest burst. */
  readonly capacityTokens: number;
  /** Tokens that drip in per second, while the bucket is not full. */
  readonly refillPerSecond: number;
  /** Tokens at the start; the bucket is full when it is left out. */
  readonly initialTokens?: number;
}

/** See the module. */
export abstract class DrippingBucket {
  /** The tokens of a full bucket. */
  readonly burst: number;
  /** The refill. */
  readonly ratePerSecond: number;
  /** The level, as of the last refill. */
  protected microTokens: number;
  /** The newest time seen, in whole microseconds. */
  #updatedUs: number;

  /**
   * @param nowMs The time now, in milliseconds on any clock; every later time
   * must come from the same one.
   * @throws {RangeError} When the policy is not made of integers within bounds.
   */
  constructor(policy: TokenBucketPolicy, nowMs: number) {
    const { capacityTokens, refillPerSecond } = policy;
    const { initialTokens = capacityTokens } = policy;
    const what = "token bucket";
    checkInteger(what, "capacityTokens", capacityTokens, [1, MOST_TOKENS]);
    checkInteger(what, "refillPerSecond", refillPerSecond, [1, MOST_TOKENS]);
    checkInteger(what, "initialTokens", initialTokens, [0, capacityTokens]);
    this.burst = capacityTokens;
    this.ratePerSecond = refillPerSecond;
    this.microTokens = initialTokens * MICRO;
    this.#updatedUs = Math.floor(nowMs * 1000);
  }

  /** Nobody waits in line at a bucket. */
  get delayMs(): number {
    return 0;
  }

  /** Adds what dripped in. A clock that went backwards adds nothing. */
  protected refill(nowMs: number): void {
    const nowUs = Math.floor(nowMs * 1000);
    const elapsedUs = nowUs - this.#updatedUs;
    if (elapsedUs <= 0) return;
    this.#updatedUs = nowUs;
    const full = this.burst * MICRO;
    const missing = full - this.microTokens;
    // Compared before multiplied: after a long pause the product is not safe.
    this.microTokens = elapsedUs >= missing / this.ratePerSecond
      ? full
      : this.microTokens + elapsedUs * this.ratePerSecond;
  }

  /** Whole milliseconds until so much has dripped in; 0 when there is none. */
  protected dripsInMs(missingMicroTokens: number): number {
    if (missingMicroTokens <= 0) return 0;
    return Math.ceil(Math.ceil(missingMicroTokens / this.ratePerSecond) / 1000);
  }
}
