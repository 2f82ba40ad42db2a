/**
 * Which product is asked for: the most popular one s times as often as theory
 * says of the second, and so on. Zipf's law gives rank r a weight of r^−s.
 *
 * Samples take the same short time whatever the number of items, by an alias
 * table (Walker 1977, built as Vose 1991): columns of equal width, each shared
 * by at most two items. Weights are computed without the engine's `pow`, so a
 * table is the same everywhere.
 *
 * @module
 */
import type { SeededRandom } from "../actors/runtime/random.ts";
import { exp, log } from "./distributions.ts";

/** A table takes 8 bytes an item: 80 MB at most. */
const MOST_ITEMS = 10_000_000;
/** Thresholds are compared with 32 random bits. */
const FULL = 4294967296;

/** Draws items by popularity. See the module's text. */
export class Zipf {
  readonly items: number;
  /** Below it, a column's draw is its own item; else its alias. */
  readonly #thresholds: Uint32Array;
  readonly #aliases: Uint32Array;

  /**
   * @param exponent 0: all alike; 1: Zipf's own law; larger: more uneven.
   * @throws {RangeError} When `items` is no integer from 1 to 10^7, or the
   * exponent is not from 0 to 10.
   */
  constructor(items: number, exponent: number) {
    if (!Number.isInteger(items) || items < 1 || items > MOST_ITEMS) {
      throw new RangeError(
        `Cannot make a Zipf table as items must be an integer from 1 to ` +
          `${MOST_ITEMS}: current value is ${items}`,
      );
    }
    if (!(exponent >= 0 && exponent <= 10)) {
      throw new RangeError(
        `Cannot make a Zipf table as exponent must be from 0 to 10: ` +
          `current value is ${exponent}`,
      );
    }
    this.items = items;
    this.#thresholds = new Uint32Array(items);
    this.#aliases = Uint32Array.from({ length: items }, (_, item) => item);
    this.#fill(weights(items, exponent));
  }

  /** An item, from 0, the most popular one. */
  sample(random: SeededRandom): number {
    const column = random.below(this.items);
    return random.next() < this.#thresholds[column]!
      ? column
      : this.#aliases[column]!;
  }

  /** Fills what a small item leaves of its column with a part of a large one. */
  #fill(shares: Float64Array): void {
    const small: number[] = [];
    const large: number[] = [];
    shares.forEach((share, item) => (share < 1 ? small : large).push(item));
    while (small.length > 0 && large.length > 0) {
      const column = small.pop()!;
      const donor = large.at(-1)!;
      this.#thresholds[column] = Math.floor(shares[column]! * FULL);
      this.#aliases[column] = donor;
      shares[donor] = shares[donor]! - (1 - shares[column]!);
      if (shares[donor] < 1) small.push(large.pop()!);
    }
    // What is left is full but for rounding; its alias is the item itself.
  }
}

/** Of each item in columns: the mean is 1. */
function weights(items: number, exponent: number): Float64Array {
  const shares = new Float64Array(items);
  let sum = 0;
  // The smallest first, so that none is lost beside a large sum.
  for (let rank = items; rank >= 1; rank--) {
    const weight = exp(-exponent * log(rank));
    shares[rank - 1] = weight;
    sum += weight;
  }
  for (let item = 0; item < items; item++) {
    shares[item] = shares[item]! * items / sum;
  }
  return shares;
}
