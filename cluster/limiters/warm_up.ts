/**
 * A rate that has to be earned: cold, a third of it passes, and it rises to all
 * of it while requests keep coming; idle time cools it again. For what has just
 * started and has empty caches. Requests pass one by one, never in a burst.
 *
 * It is the model of Guava's SmoothWarmingUp, which Sentinel uses as well, with
 * their cold factor of 3: idle time stores permits, up to as many as the full
 * rate gives in the warm-up, and while more than half of that is stored each
 * request must keep a longer distance, up to three times the usual. Going from
 * cold to warm then takes just the warm-up.
 *
 * Distances are counted in ticks, a rate of r per second having r ticks in a
 * microsecond; only the distance of a cold request is rounded, by less than one.
 *
 * @module
 */
import { checkInteger, MICRO, MOST_QUEUED_PER_SECOND } from "./bounds.ts";
import type { Limiter } from "./limiter.ts";

/** How fast, and how long it takes to be so. */
export interface WarmUpPolicy {
  /** Requests per second, when warm. */
  readonly ratePerSecond: number;
  /** How long full demand takes from cold to warm. */
  readonly warmUpMs: number;
}

/** At 10^6/s an hour stores 3.6 × 10^15 micro-permits: still a safe integer. */
const MOST_WARM_UP_MS = 3_600_000;

/** See the module. */
export class WarmUp implements Limiter {
  readonly burst = 1;
  readonly ratePerSecond: number;
  readonly delayMs = 0;
  /** Micro-permits that idle time stores at most: as many as make it cold. */
  readonly #most: number;
  #stored: number;
  /** Ticks until the next request may pass. */
  #distance = 0;
  #updatedUs: number;

  /** @throws {RangeError} When the policy is not integers within bounds. */
  constructor({ ratePerSecond, warmUpMs }: WarmUpPolicy, nowMs: number) {
    const what = "warm-up";
    const most = MOST_QUEUED_PER_SECOND;
    checkInteger(what, "ratePerSecond", ratePerSecond, [1, most]);
    checkInteger(what, "warmUpMs", warmUpMs, [1, MOST_WARM_UP_MS]);
    this.ratePerSecond = ratePerSecond;
    this.#most = ratePerSecond * warmUpMs * 1000;
    this.#stored = this.#most;
    this.#updatedUs = Math.floor(nowMs * 1000);
  }

  /** Passes when it keeps its distance from the one before. */
  tryTake(nowMs: number, cost = 1): boolean {
    this.#cool(nowMs);
    if (this.#distance > 0) return false;
    const half = this.#most / 2;
    const above = Math.max(0, this.#stored - half);
    this.#stored = Math.max(0, this.#stored - cost * MICRO);
    const left = Math.max(0, this.#stored - half);
    // The area under a line from 1 at half of what is stored to 3 at all of it.
    const colder = (above - left) * ((above + left) / half);
    this.#distance = cost * MICRO + Math.floor(colder);
    return true;
  }

  /** 1 or 0. */
  remaining(nowMs: number): number {
    this.#cool(nowMs);
    return this.#distance === 0 ? 1 : 0;
  }

  /** When the next one may pass, whatever its cost. */
  retryAfterMs(nowMs: number): number {
    this.#cool(nowMs);
    const waitUs = Math.ceil(this.#distance / this.ratePerSecond);
    return Math.ceil(waitUs / 1000);
  }

  /** True when it is as cold as a new one. */
  isFresh(nowMs: number): boolean {
    this.#cool(nowMs);
    return this.#stored === this.#most && this.#distance === 0;
  }

  /** Idle time beyond the distance is stored, at the full rate. */
  #cool(nowMs: number): void {
    const nowUs = Math.floor(nowMs * 1000);
    const elapsedUs = nowUs - this.#updatedUs;
    if (elapsedUs <= 0) return;
    this.#updatedUs = nowUs;
    const missing = this.#most - this.#stored;
    // Compared before multiplied: after a long pause the product is not safe.
    if (elapsedUs >= (this.#distance + missing) / this.ratePerSecond) {
      this.#distance = 0;
      this.#stored = this.#most;
      return;
    }
    const idle = elapsedUs * this.ratePerSecond - this.#distance;
    this.#distance = Math.max(0, -idle);
    this.#stored += Math.max(0, idle);
  }
}
