/**
 * Smooth weighted round robin: shares follow the weights, and heavy members
 * are spread over the sequence instead of coming in a row. With weights 5, 1, 1
 * it is a a b a c a a (nginx's algorithm: Igor Sysoev, 2012).
 *
 * In each pick every member earns its weight, the richest one is picked and
 * pays what all have earned. So credits always add up to nothing.
 *
 * @module
 */
import type { Balancer, Member } from "./balancer.ts";

/** See the module. Without any weight all weigh the same. */
export class WeightedRoundRobin implements Balancer {
  /** By index. */
  readonly #credits: number[] = [];
  readonly #weightOf: (member: Member) => number;

  /** @param weightOf What a member earns in a pick; its weight when left out. */
  constructor(weightOf: (member: Member) => number = ({ weight }) => weight) {
    this.#weightOf = weightOf;
  }

  pick<M extends Member>(members: readonly M[]): M {
    let total = 0;
    for (const member of members) total += this.#weightOf(member);
    const isUnweighted = total === 0;
    if (isUnweighted) total = members.length;
    let picked = members[0]!;
    let most = -Infinity;
    for (const member of members) {
      const { index } = member;
      const earned = isUnweighted ? 1 : this.#weightOf(member);
      const credit = (this.#credits[index] ?? 0) + earned;
      this.#credits[index] = credit;
      if (credit > most) {
        most = credit;
        picked = member;
      }
    }
    this.#credits[picked.index]! -= total;
    return picked;
  }
}
