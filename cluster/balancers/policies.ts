/**
 * The balancing policies by name, as a config calls them.
 *
 * @module
 */
import type { SeededRandom } from "../../actors/runtime/random.ts";
import type { Balancer } from "./balancer.ts";
import {
  ConsistentHash,
  type ConsistentHashOptions,
} from "./consistent_hash.ts";
import { LeastConnections } from "./least_connections.ts";
import { PowerOfTwoChoices } from "./power_of_two_choices.ts";
import { RandomChoice } from "./random_choice.ts";
import { RoundRobin } from "./round_robin.ts";
import { SourceHash } from "./source_hash.ts";
import { WeightedByLoad } from "./weighted_by_load.ts";
import { WeightedRoundRobin } from "./weighted_round_robin.ts";

/** What a policy may need to be made. */
export interface BalancerOptions extends ConsistentHashOptions {
  /** The names of all members, in order of index. */
  readonly names: readonly string[];
  /** Its own stream: what others draw changes no pick. */
  readonly random: SeededRandom;
}

/** A policy's name. */
export type BalancerName =
  | "round-robin"
  | "weighted-round-robin"
  | "random"
  | "weighted-by-load"
  | "least-connections"
  | "power-of-two-choices"
  | "source-hash"
  | "consistent-hash";

const POLICIES: Readonly<
  Record<BalancerName, (options: BalancerOptions) => Balancer>
> = {
  "round-robin": () => new RoundRobin(),
  "weighted-round-robin": () => new WeightedRoundRobin(),
  "random": ({ random }) => new RandomChoice(random),
  "weighted-by-load": () => new WeightedByLoad(),
  "least-connections": () => new LeastConnections(),
  "power-of-two-choices": ({ random }) => new PowerOfTwoChoices(random),
  "source-hash": () => new SourceHash(),
  "consistent-hash": ({ names, ...ring }) => new ConsistentHash(names, ring),
};

/** All names, the default first. */
export const BALANCER_NAMES = Object.keys(POLICIES) as BalancerName[];

/** Makes the policy of that name. Throws `RangeError` as `HashRing` does. */
export function createBalancer(
  name: BalancerName,
  options: BalancerOptions,
): Balancer {
  return POLICIES[name](options);
}
