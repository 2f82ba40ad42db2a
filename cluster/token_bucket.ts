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

/** Micro-tokens in a token, and microseconds in a second. */
const MICRO = 1_000_000;

/**
 * 2^53 micro-tokens are 9.007 × 10^9 tokens; a refill adds less than capacity
 * + rate before it is cut, so 4 × 10^9 each keeps every sum a safe integer.
 */
export const MOST_TOKENS = 4_000_000_000;

/** What a bucket allows. */
export interface TokenBucketPolicy {
  /** Tokens in a full bucket: the largest burst. */
  readonly capacityTokens: number;
  /** Tokens that drip in per second, while the bucket is not full. */
  readonly refillPerSecond: number;
  /** Tokens at the start; the bucket is full when it is left out. */
  readonly initialTokens?: number;
}

/** What a bucket knows, as plain data. */
export interface TokenBucketState {
  microTokens: number;
  /** The newest time seen, in whole microseconds. */
  updatedUs: number;
}

/** See the module. */
export class TokenBucket {
  readonly policy: TokenBucketPolicy;
  readonly state: TokenBucketState;

  /**
   * @param nowMs The time now, in milliseconds on any clock; every later time
   * must come from the same one.
   * @throws {RangeError} When the policy is not made of integers within bounds.
   */
  constructor(policy: TokenBucketPolicy, nowMs: number) {
    checkPolicy(policy);
    this.policy = policy;
    this.state = {
      microTokens: (policy.initialTokens ?? policy.capacityTokens) * MICRO,
      updatedUs: Math.floor(nowMs * 1000),
    };
  }

  /** Takes `cost` tokens and says true, or takes none and says false. */
  tryTake(nowMs: number, cost = 1): boolean {
    this.#refill(nowMs);
    const microCost = cost * MICRO;
    if (this.state.microTokens < microCost) return false;
    this.state.microTokens -= microCost;
    return true;
  }

  /** Whole tokens in the bucket. */
  tokens(nowMs: number): number {
    this.#refill(nowMs);
    return Math.floor(this.state.microTokens / MICRO);
  }

  /** True when forgetting the bucket and starting a full one is the same. */
  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.state.microTokens === this.policy.capacityTokens * MICRO;
  }

  /**
   * Whole milliseconds until `cost` tokens are there, if nobody takes any; 0
   * when they are, Infinity when the bucket can never hold as many.
   */
  retryAfterMs(nowMs: number, cost = 1): number {
    if (cost > this.policy.capacityTokens) return Infinity;
    this.#refill(nowMs);
    const missing = cost * MICRO - this.state.microTokens;
    if (missing <= 0) return 0;
    return Math.ceil(Math.ceil(missing / this.policy.refillPerSecond) / 1000);
  }

  /** Adds what dripped in. A clock that went backwards adds nothing. */
  #refill(nowMs: number): void {
    const { state, policy } = this;
    const nowUs = Math.floor(nowMs * 1000);
    const elapsedUs = nowUs - state.updatedUs;
    if (elapsedUs <= 0) return;
    state.updatedUs = nowUs;
    const missing = policy.capacityTokens * MICRO - state.microTokens;
    // Compared before multiplied: after a long pause the product is not safe.
    state.microTokens += elapsedUs >= missing / policy.refillPerSecond
      ? missing
      : elapsedUs * policy.refillPerSecond;
  }
}

function checkPolicy(policy: TokenBucketPolicy): void {
  const { capacityTokens, refillPerSecond } = policy;
  checkTokens("capacityTokens", capacityTokens, 1, MOST_TOKENS);
  checkTokens("refillPerSecond", refillPerSecond, 1, MOST_TOKENS);
  const initialTokens = policy.initialTokens ?? capacityTokens;
  checkTokens("initialTokens", initialTokens, 0, capacityTokens);
}

function checkTokens(name: string, value: number, least: number, most: number) {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new RangeError(
    `Cannot make a token bucket as ${name} must be an integer from ${least} ` +
      `to ${most}: current value is ${value}`,
  );
}
