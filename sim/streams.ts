/**
 * Randomness by label: each actor, link, disk and chance has a stream of its
 * own, so that one that draws more often changes nothing for the others.
 *
 * @module
 */
import { SeededRandom } from "../actors/runtime/random.ts";
import { type Distribution, sample } from "./distributions.ts";

const MILLION = 1_000_000;

/** See the module's text. */
export class Streams {
  readonly #seed: number;
  readonly #streams = new Map<string, SeededRandom>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Whole microseconds of a distribution. */
  drawUs(label: string, distribution: Distribution): number {
    return Math.round(sample(distribution, this.#of(label)));
  }

  /** True so many times in a million. Never draws for 0. */
  happens(label: string, perMillion: number): boolean {
    if (perMillion === 0) return false;
    return this.#of(`chance ${label}`).below(MILLION) < perMillion;
  }

  #of(label: string): SeededRandom {
    let stream = this.#streams.get(label);
    if (stream === undefined) {
      stream = new SeededRandom(this.#seed, label);
      this.#streams.set(label, stream);
    }
    return stream;
  }
}
