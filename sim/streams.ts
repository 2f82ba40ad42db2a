/**
 * Randomness by label: each actor, link, disk and chance has a stream of its
 * own, so that one that draws more often changes nothing for the others.
 *
 * @module
 */
import { SeededRandom } from "../actors/runtime/random.ts";
import { type Distribution, sample } from "./distributions.ts";

const MILLION = 1_000_000;

/**
 * Whole microseconds of a distribution. Halves go up, as `Math.round` has them;
 * that one branches on the fraction, which is a wrong guess half of the time.
 */
export function drawUs(
  distribution: Distribution,
  random: SeededRandom,
): number {
  return Math.floor(sample(distribution, random) + 0.5);
}

/** True so many times in a million. Never draws for 0. */
export function happens(perMillion: number, random: SeededRandom): boolean {
  return perMillion > 0 && random.below(MILLION) < perMillion;
}

/** See the module's text. */
export class Streams {
  readonly #seed: number;
  readonly #streams = new Map<string, SeededRandom>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /**
   * The stream of a label, the same one each time. Who draws often keeps it: a
   * label is put together and looked up for longer than a draw takes.
   */
  of(label: string): SeededRandom {
    let stream = this.#streams.get(label);
    if (stream === undefined) {
      stream = new SeededRandom(this.#seed, label);
      this.#streams.set(label, stream);
    }
    return stream;
  }
}
