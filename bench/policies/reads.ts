/**
 * Reads of products by popularity (Zipf's law, exponent 1), made before the
 * time is taken, and how many of them a cache must answer.
 *
 * @module
 */
import { SeededRandom } from "../../actors/runtime/random.ts";
import { Zipf } from "../../sim/zipf.ts";

/** Products, and how many a cache holds. */
export const PRODUCTS = 10_000;
/** See `PRODUCTS`. */
export const CAPACITY = 1_000;
/** Read from a cold cache, then again and again. */
const READS = 1 << 20;

const KEYS = Array.from({ length: PRODUCTS }, (_, item) => `SKU-${item}`);
const ITEMS = drawItems();

function drawItems(): Uint16Array {
  const zipf = new Zipf(PRODUCTS, 1);
  const random = new SeededRandom(1, "reads");
  return Uint16Array.from({ length: READS }, () => zipf.sample(random));
}

/** The key of the read of that number. */
export function keyOf(read: number): string {
  return KEYS[ITEMS[read & (READS - 1)]!]!;
}

/**
 * Throws unless so many hits are what a cache of `CAPACITY` has: .63 to .76 by
 * theory, from FIFO to the best policy; a cold one of few reads less.
 */
export function verifyHits(hits: number, reads: number): void {
  const ratio = hits / reads;
  if (ratio > (reads < 100_000 ? .2 : .6) && ratio < .8) return;
  throw new Error(
    `Cannot accept the cache as its hit ratio must be from .6 to .8: ` +
      `current value is ${ratio}`,
  );
}
