/**
 * Members for the tests of balancers, and what many picks of them come to.
 *
 * @module
 */
import { SeededRandom } from "../../../actors/runtime/random.ts";
import type { Balancer, Member } from "../../../cluster/balancers/balancer.ts";
import {
  type BalancerName,
  createBalancer,
} from "../../../cluster/balancers/policies.ts";

/** A member whose numbers a test may change. */
export type OpenMember = { -readonly [Key in keyof Member]: Member[Key] };

/** Members `a`, `b` … with one of these numbers each. */
export function members(
  count: number,
  more: (index: number) => Partial<Member> = () => ({}),
): OpenMember[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    name: String.fromCharCode(97 + index),
    weight: 1,
    inFlight: 0,
    latencyMs: 0,
    ...more(index),
  }));
}

/** The policy of that name for these members. */
export function balancer(
  name: BalancerName,
  pool: readonly Member[],
  seed = 1,
): Balancer {
  return createBalancer(name, {
    names: pool.map((member) => member.name),
    virtualNodes: 128,
    slackPercent: 25,
    random: new SeededRandom(seed, "balancer"),
  });
}

/** The names of so many picks. */
export function picks(
  policy: Balancer,
  pool: readonly Member[],
  count: number,
  keyOf: (pick: number) => string = (pick) => `key ${pick}`,
): string[] {
  return Array.from(
    { length: count },
    (_, pick) => policy.pick(pool, keyOf(pick)).name,
  );
}

/** How often each name is there. */
export function tally(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
