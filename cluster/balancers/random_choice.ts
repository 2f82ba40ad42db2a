/**
 * Random: every member with the same chance. It needs no memory, so many
 * balancers that know nothing of each other are as even as one.
 *
 * @module
 */
import type { SeededRandom } from "../../actors/runtime/random.ts";
import type { Balancer, Member } from "./balancer.ts";

/** See the module. The same seed picks the same sequence. */
export class RandomChoice implements Balancer {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  pick<M extends Member>(members: readonly M[]): M {
    return members[this.#random.below(members.length)]!;
  }
}
