/**
 * A rate that has to be earned: cold, a third of it passes, and it rises to all
 * of it while requests keep coming; idle time cools it again. For what has just
 * started and has empty caches.
 *
 * It is the model of Guava's SmoothWarmingUp, which Sentinel uses as well, with
 * their cold factor of 3: idle time stores permits, up to as many as the full
 * rate gives in the warm-up, and while more than half of that is stored each
 * request must keep a longer distance, up to three times the usual. Going from
 * cold to warm then takes just the warm-up.
 *
 * Guava lets who comes early wait, and so loses no time between two requests.
 * Here he is refused, and requests of people come unevenly: so up to a tenth of
 * a second of time in which nobody came is saved up, and passes when they do
 * come; only what is idle beyond that cools. Without it the gaps of a stream
 * that asks for just the rate would keep it cold forever.
 *
 * Distances are counted in ticks, a rate of r per second having r ticks in a
 * microsecond; only what a cold request keeps beyond the usual is rounded, by
 * less than one for all of the way from cold to warm.
 *
 * @module
 */
import {
  checkInteger,
  leftOf,
  MICRO,
  MOST_QUEUED_PER_SECOND,
} from "./bounds.ts";
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

/** A part of a second that may be saved up: what people take for at once. */
const SAVED_PER_SECOND = 10;

/** See the module. */
export class WarmUp implements Limiter {
  /** When warm; cold, a third of it. */
  readonly burst: number;
  readonly ratePerSecond: number;
  readonly delayMs = 0;
  /** Micro-permits that idle time stores at most: as many as make it cold. */
  readonly #most: number;
  #stored: number;
  /** Ticks until the next request may pass; below 0 they are saved up. */
  #distance: number;
  /** The least distance. */
  readonly #saved: number;
  #updatedUs: number;

  /** @throws {RangeError} When the policy is not integers within bounds. */
  constructor({ ratePerSecond, warmUpMs }: WarmUpPolicy, nowMs: number) {
    const what = "warm-up";
    const most = MOST_QUEUED_PER_SECOND;
    checkInteger(what, "ratePerSecond", ratePerSecond, [1, most]);
    checkInteger(what, "warmUpMs", warmUpMs, [1, MOST_WARM_UP_MS]);
    this.ratePerSecond = ratePerSecond;
    this.burst = Math.max(1, Math.floor(ratePerSecond / SAVED_PER_SECOND));
    this.#saved = (1 - this.burst) * MICRO;
    this.#distance = this.#saved;
    this.#most = ratePerSecond * warmUpMs * 1000;
    this.#stored = this.#most;
    this.#updatedUs = Math.floor(nowMs * 1000);
  }

  /** Passes when it keeps its distance from the ones before. */
  tryTake(nowMs: number, cost = 1): boolean {
    this.#cool(nowMs);
    if (this.#distance > 0) return false;
    const taken = cost * MICRO;
    const before = this.#distance + this.#colder(this.#stored);
    this.#distance = this.#distanceFrom(before, taken);
    this.#stored = Math.max(0, this.#stored - taken);
    return true;
  }

  /** Takes back what the next one would have to wait for him, and no warmth. */
  giveBack(takenMs: number, nowMs: number, cost = 1): void {
    this.#cool(nowMs);
    const left = leftOf(cost, nowMs - takenMs, this.ratePerSecond);
    this.#distance = Math.max(this.#saved, this.#distance - left);
  }

  /** How many pass now: all but the last keep within what is saved up. */
  remaining(nowMs: number): number {
    this.#cool(nowMs);
    if (this.#distance > 0) return 0;
    // Warm, each takes one tick of each microsecond; cold, more: look for it.
    let fewest = 0;
    let most = Math.floor(-this.#distance / MICRO);
    if (this.#stored * 2 <= this.#most) return most + 1;
    const before = this.#distance + this.#colder(this.#stored);
    while (fewest < most) {
      const half = Math.ceil((fewest + most) / 2);
      if (this.#distanceFrom(before, half * MICRO) <= 0) fewest = half;
      else most = half - 1;
    }
    return fewest + 1;
  }

  /** When the next one may pass, whatever its cost. */
  retryAfterMs(nowMs: number): number {
    this.#cool(nowMs);
    const waitUs = Math.ceil(this.#distance / this.ratePerSecond);
    return Math.max(0, Math.ceil(waitUs / 1000));
  }

  /** True when it is as cold as a new one. */
  isFresh(nowMs: number): boolean {
    this.#cool(nowMs);
    return this.#stored === this.#most && this.#distance === this.#saved;
  }

  /** The distance after so many micro-permits, taken in one or in several. */
  #distanceFrom(before: number, taken: number): number {
    return before + taken - this.#colder(Math.max(0, this.#stored - taken));
  }

  /**
   * What going from so much stored to half of all adds to the usual distance:
   * the area under a line from 1 at half of what is stored to 3 at all of it.
   */
  #colder(stored: number): number {
    const half = this.#most / 2;
    const above = Math.max(0, stored - half);
    return Math.floor(above * (above / half));
  }

  /** What is idle beyond the distance and the savings cools it. */
  #cool(nowMs: number): void {
    const nowUs = Math.floor(nowMs * 1000);
    const elapsedUs = nowUs - this.#updatedUs;
    if (elapsedUs <= 0) return;
    this.#updatedUs = nowUs;
    const missing = this.#most - this.#stored;
    const ahead = this.#distance - this.#saved;
    // Compared before multiplied: after a long pause the product is not safe.
    if (elapsedUs >= (ahead + missing) / this.ratePerSecond) {
      this.#distance = this.#saved;
      this.#stored = this.#most;
      return;
    }
    const idle = elapsedUs * this.ratePerSecond - ahead;
    this.#distance = this.#saved + Math.max(0, -idle);
    this.#stored += Math.max(0, idle);
  }
}
