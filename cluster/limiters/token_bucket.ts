/**
 * A token bucket: how many requests pass, in bursts and over time.
 *
 * Tokens drip in at a fixed rate up to a capacity; a request takes some or is
 * refused. The refill is lazy, computed from the time that passed, so an idle
 * bucket costs nothing. All arithmetic is on integers: a rate of r tokens per
 * second is r micro-tokens per microsecond, and no fraction is ever lost. It
 * reads no clock: the caller gives the time.
 *
 * @module
 */

import { checkInteger, leftOf, MICRO, MOST_TOKENS } from "./bounds.ts";
import type { Limiter } from "./limiter.ts";

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
export class TokenBucket implements Limiter {
  /** The tokens of a full bucket. */
  readonly burst: number;
  /** The refill. */
  readonly ratePerSecond: number;
  #microTokens: number;
  /** The newest time seen, in whole microseconds. */
  #updatedUs: number;

  /**
   * @param nowMs The time now, in milliseconds on any clock; every later time
   * must come from the same one.
   * @throws {RangeError} When the policy is not made of integers within bounds.
   */
  constructor(policy: TokenBucketPolicy, nowMs: number) {
    checkTokenBucket(policy);
    const { capacityTokens, refillPerSecond, initialTokens } = policy;
    this.burst = capacityTokens;
    this.ratePerSecond = refillPerSecond;
    this.#microTokens = (initialTokens ?? capacityTokens) * MICRO;
    this.#updatedUs = Math.floor(nowMs * 1000);
  }

  /** Nobody waits in line at a bucket. */
  get delayMs(): number {
    return 0;
  }

  /** Takes `cost` tokens and says true, or takes none and says false. */
  tryTake(nowMs: number, cost = 1): boolean {
    this.#refill(nowMs);
    const microCost = cost * MICRO;
    if (this.#microTokens < microCost) return false;
    this.#microTokens -= microCost;
    return true;
  }

  /** Puts back what has not dripped in again since. */
  giveBack(takenMs: number, nowMs: number, cost = 1): void {
    this.#refill(nowMs);
    const left = leftOf(cost, nowMs - takenMs, this.ratePerSecond);
    const full = this.burst * MICRO;
    this.#microTokens = Math.min(full, this.#microTokens + left);
  }

  /** Whole tokens in the bucket. */
  remaining(nowMs: number): number {
    this.#refill(nowMs);
    return Math.floor(this.#microTokens / MICRO);
  }

  /** True for a full bucket: a new one holds no more. */
  isFresh(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#microTokens === this.burst * MICRO;
  }

  /**
   * Whole milliseconds until `cost` tokens are there, if nobody takes any; 0
   * when they are, Infinity when the bucket can never hold as many.
   */
  retryAfterMs(nowMs: number, cost = 1): number {
    if (cost > this.burst) return Infinity;
    this.#refill(nowMs);
    const missing = cost * MICRO - this.#microTokens;
    if (missing <= 0) return 0;
    return Math.ceil(Math.ceil(missing / this.ratePerSecond) / 1000);
  }

  /** Adds what dripped in. A clock that went backwards adds nothing. */
  #refill(nowMs: number): void {
    const nowUs = Math.floor(nowMs * 1000);
    const elapsedUs = nowUs - this.#updatedUs;
    if (elapsedUs <= 0) return;
    this.#updatedUs = nowUs;
    this.#microTokens = refilled(
      this.#microTokens,
      this.burst,
      this.ratePerSecond,
      elapsedUs,
    );
  }
}

/** Micro-tokens after so many microseconds, never more than `burst` tokens. */
export function refilled(
  microTokens: number,
  burst: number,
  ratePerSecond: number,
  elapsedUs: number,
): number {
  const missing = burst * MICRO - microTokens;
  // Compared before multiplied: after a long pause the product is not safe.
  return elapsedUs >= missing / ratePerSecond
    ? burst * MICRO
    : microTokens + elapsedUs * ratePerSecond;
}

/** @throws {RangeError} When the policy is not made of integers in bounds. */
export function checkTokenBucket(policy: TokenBucketPolicy): void {
  const what = "token bucket";
  const { capacityTokens, refillPerSecond } = policy;
  checkInteger(what, "capacityTokens", capacityTokens, [1, MOST_TOKENS]);
  checkInteger(what, "refillPerSecond", refillPerSecond, [1, MOST_TOKENS]);
  const initialTokens = policy.initialTokens ?? capacityTokens;
  checkInteger(what, "initialTokens", initialTokens, [0, capacityTokens]);
}
