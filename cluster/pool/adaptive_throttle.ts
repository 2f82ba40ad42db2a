/**
 * Adaptive throttling at the client ("Site Reliability Engineering", 2016,
 * chapter 21): a client whose calls are refused refuses part of them itself,
 * before they cost a server anything. Of the last while it knows how many calls
 * it wanted to make and how many were accepted; beyond K times the accepted
 * ones, the surplus is refused at random.
 *
 * With K = 2 a server that is overloaded still refuses as many as it serves,
 * and a client notices within a window that things are better.
 *
 * @module
 */
import type { SeededRandom } from "../../actors/runtime/random.ts";

/** When a client throttles itself. */
export interface ThrottlePolicy {
  /** K, in percent: calls in the window per accepted one. */
  readonly multiplierPercent: number;
  /** How long a call counts. */
  readonly windowMs: number;
}

/** The window moves on in steps of a twelfth, 10 s of the usual 2 minutes. */
const SLOTS = 12;

/** Random numbers have 32 bits. */
const RANGE = 4_294_967_296;

/**
 * The probability of refusing the next call.
 *
 * @param multiplier K.
 * @returns From 0 to below 1.
 */
export function throttleProbability(
  requests: number,
  accepts: number,
  multiplier: number,
): number {
  return Math.max(0, (requests - multiplier * accepts) / (requests + 1));
}

/** See the module. */
export class AdaptiveThrottle {
  readonly #multiplier: number;
  readonly #slotMs: number;
  readonly #random: SeededRandom;
  readonly #requests = new Float64Array(SLOTS);
  readonly #accepts = new Float64Array(SLOTS);
  /** The number of the newest slot since the clock's start. */
  #slot = -Infinity;

  /** Begins without any calls, and so with none refused. */
  constructor(policy: ThrottlePolicy, random: SeededRandom) {
    this.#multiplier = policy.multiplierPercent / 100;
    this.#slotMs = policy.windowMs / SLOTS;
    this.#random = random;
  }

  /** Counts a call that is wanted. False: refuse it. */
  admits(nowMs: number): boolean {
    const probability = this.probability(nowMs);
    this.#requests[this.#slot % SLOTS]!++;
    // A draw only when it matters: no trouble, no randomness.
    return probability === 0 || this.#random.next() / RANGE >= probability;
  }

  /** Counts a call that was accepted, whatever its answer. */
  noteAccepted(nowMs: number): void {
    this.#advance(nowMs);
    this.#accepts[this.#slot % SLOTS]!++;
  }

  /** The probability with which the next call is refused. */
  probability(nowMs: number): number {
    this.#advance(nowMs);
    let requests = 0;
    let accepts = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      requests += this.#requests[slot]!;
      accepts += this.#accepts[slot]!;
    }
    return throttleProbability(requests, accepts, this.#multiplier);
  }

  /** Forgets what is older than the window. */
  #advance(nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs);
    if (slot <= this.#slot) return;
    const steps = Math.min(SLOTS, slot - this.#slot);
    for (let step = 0; step < steps; step++) {
      this.#requests[(slot - step) % SLOTS] = 0;
      this.#accepts[(slot - step) % SLOTS] = 0;
    }
    this.#slot = slot;
  }
}
