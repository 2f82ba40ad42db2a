/**
 * A set of keys in a few bits for each (Bloom 1970). It says of a key that it
 * is not in the set, for certain, or that it may be; it never forgets one. Bit
 * positions come from two hashes (Kirsch, Mitzenmacher 2006).
 *
 * @module
 */
import { stableHash } from "../runtime/random.ts";

/** The set. Read it through the functions of this module only. */
export interface BloomFilter {
  readonly bits: Uint8Array;
  readonly size: number;
  readonly hashes: number;
}

/** Any other than the first hash's seed, which is 0. */
const SECOND_SEED = 0x5bd1e995;
/** ln 2: with so many hashes for each bit of a key, half of the bits are set. */
const LN_2 = 0.6931;

/**
 * An empty set for about `keys` keys. With 10 bits for each, 1 % of the keys
 * that are not there seem to be; with more keys than said, more.
 */
export function createFilter(keys: number, bitsPerKey: number): BloomFilter {
  const bytes = Math.ceil(Math.max(64, keys * bitsPerKey) / 8);
  return {
    bits: new Uint8Array(bytes),
    size: bytes * 8,
    hashes: Math.max(1, Math.round(bitsPerKey * LN_2)),
  };
}

/** Puts a key into the set. */
export function addKey({ bits, size, hashes }: BloomFilter, key: string): void {
  let hash = stableHash(key);
  const step = stableHash(key, SECOND_SEED) | 1;
  for (let count = 0; count < hashes; count++) {
    const bit = hash % size;
    bits[bit >>> 3]! |= 1 << (bit & 7);
    hash = (hash + step) >>> 0;
  }
}

/** False: the key was never put into the set. */
export function mayHave(
  { bits, size, hashes }: BloomFilter,
  key: string,
): boolean {
  let hash = stableHash(key);
  const step = stableHash(key, SECOND_SEED) | 1;
  for (let count = 0; count < hashes; count++) {
    const bit = hash % size;
    if ((bits[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
    hash = (hash + step) >>> 0;
  }
  return true;
}
