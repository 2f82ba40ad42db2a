/**
 * Seeded random streams, one for each label, so that a run stays the same
 * where one actor draws more than before. Integers only: the results do not
 * depend on the version of the engine's math library.
 *
 * @module
 */
import type { Random } from "./ports.ts";

/**
 * The FNV-1a hash of the UTF-16 code units of `text`, finished with the
 * murmur3 mixer so that close strings land far apart. The same in every
 * process and release: partition numbers depend on it.
 *
 * @returns An integer in [0, 2^32).
 */
export function stableHash(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** sfc32 (Doty-Humphrey, PractRand): 128 bits of state, period about 2^127. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** The stream of `label` under `seed`; other labels give unrelated ones. */
  constructor(seed: number, label = "") {
    this.#a = stableHash(label, seed);
    this.#b = stableHash(label, seed ^ 0x9e3779b9);
    this.#c = (seed ^ 0x6a09e667) >>> 0;
    // Twelve rounds mix the seed, as its author prescribes.
    for (let round = 0; round < 12; round++) this.next();
  }

  next(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result | 0;
    return result >>> 0;
  }

  /** The next integer in [0, bound). `bound` is at most 2^32. */
  below(bound: number): number {
    // The bias is under bound / 2^53: two draws make 53 bits.
    const high = this.next() >>> 5;
    const low = this.next() >>> 6;
    return Math.floor(((high * 67108864 + low) / 9007199254740992) * bound);
  }

  /** True with probability `numerator / denominator`. */
  chance(numerator: number, denominator: number): boolean {
    return this.below(denominator) < numerator;
  }
}
