/**
 * Power of two choices: the less busy one of two that are drawn at random. The
 * fullest of n members then stands ln ln n / ln 2 above the mean instead of
 * about ln n / ln ln n (Mitzenmacher 1996), at the price of two draws, however
 * many members there are. And where many balancers see the same numbers, they
 * do not all run to the same member.
 *
 * @module
 */
import type { SeededRandom } from "../../actors/runtime/random.ts";
import type { Balancer, Member } from "./balancer.ts";

/** See the module. */
export class PowerOfTwoChoices implements Balancer {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  pick<M extends Member>(members: readonly M[]): M {
    const count = members.length;
    const first = this.#random.below(count);
    if (count === 1) return members[first]!;
    // Of the others, so that two are different.
    const drawn = this.#random.below(count - 1);
    const one = members[first]!;
    const other = members[drawn < first ? drawn : drawn + 1]!;
    return other.inFlight < one.inFlight ? other : one;
  }
}
