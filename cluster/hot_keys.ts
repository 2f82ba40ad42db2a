/**
 * Which keys are asked for very often right now: a count-min sketch (Cormode,
 * Muthukrishnan 2005) whose counts are halved every half second, so that they
 * stand for about the last second. A key's estimate is the least of its
 * counters: never too low for what it counts, too high by about a thousandth
 * of all keys' reads. It has no clock; who calls says what time it is.
 *
 * @module
 */
import { stableHash } from "../actors/runtime/random.ts";

const ROWS = 4;
/** e / 2,048 of all reads is what others add to an estimate, at most usually. */
const WIDTH = 2_048;
const HALF_SECOND_MS = 500;
/** Each row finds the keys elsewhere (Knuth's multiplicative constant). */
const ROW_STEP = 0x9e3779b1;

/** See the module. 32 kilobytes, however many keys there are. */
export class HotKeys {
  readonly #counters = new Uint32Array(ROWS * WIDTH);
  #halveAtMs = -Infinity;

  /**
   * Counts a key that is asked for and says how often it was within about the
   * last second: of a steady rate a half to all of it, three quarters after
   * its first second. Time that goes back counts as standing still.
   */
  see(key: string, nowMs: number): number {
    if (nowMs >= this.#halveAtMs) this.#halve(nowMs);
    const counters = this.#counters;
    let hash = stableHash(key);
    let least = Infinity;
    for (let row = 0; row < ROWS; row++) {
      const index = row * WIDTH + (hash & (WIDTH - 1));
      const count = ++counters[index]!;
      if (count < least) least = count;
      hash = Math.imul(hash ^ (hash >>> 15), ROW_STEP);
    }
    return least;
  }

  #halve(nowMs: number): void {
    const isLongAgo = nowMs - this.#halveAtMs >= 2 * HALF_SECOND_MS;
    this.#halveAtMs = nowMs + HALF_SECOND_MS;
    const counters = this.#counters;
    if (isLongAgo) return void counters.fill(0);
    for (let index = 0; index < counters.length; index++) {
      counters[index]! >>>= 1;
    }
  }
}
