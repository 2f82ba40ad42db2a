/**
 * Our ring's look-up, a pick of each policy, and a call through a whole pool:
 * picked, counted, settled.
 *
 * @module
 */
import { SeededRandom } from "../../actors/runtime/random.ts";
import type { Member } from "../../cluster/balancers/balancer.ts";
import {
  BALANCER_NAMES,
  type BalancerName,
  createBalancer,
} from "../../cluster/balancers/policies.ts";
import { HashRing } from "../../cluster/hash_ring.ts";
import { Pool } from "../../cluster/pool/pool.ts";
import type { Ran, Run, Sizes } from "../actors/program.ts";
import { KEYS, POINTS, SERVERS, verifyShares } from "./picks.ts";

const BUILT = new HashRing(SERVERS, POINTS);

/** Which server has a key: `n` times. */
function ring({ n }: Sizes): Promise<Ran> {
  const counts = new Map(SERVERS.map((server) => [server, 0]));
  for (let look = 0; look < n; look++) {
    const server = BUILT.locate(KEYS[look % KEYS.length]!);
    counts.set(server, counts.get(server)! + 1);
  }
  verifyShares(counts);
  return Promise.resolve({ count: n });
}

/** Latencies and calls under way differ and change, as they do in a pool. */
function pick(policy: BalancerName, { n }: Sizes): Promise<Ran> {
  const members = SERVERS.map((name, index) => ({
    index,
    name,
    weight: index + 1,
    inFlight: 0,
    latencyMs: 1 + index,
  }));
  const balancer = createBalancer(policy, optionsOf());
  for (let call = 0; call < n; call++) {
    const member = balancer.pick(members, KEYS[call % KEYS.length]!);
    member.inFlight = (member.inFlight + 1) & 7;
  }
  return Promise.resolve({ count: n });
}

/** A call to a healthy pool by round robin, from its pick to its answer. */
function pool({ n }: Sizes): Promise<Ran> {
  const made = new Pool({
    ...optionsOf(),
    policy: "round-robin",
    capacityCalls: 1_000,
    health: {
      badRepliesInRow: 5,
      ejectedForMs: 10_000,
      ejectedForMostMs: 60_000,
      ejectedPercentMost: 50,
      failedProbesInRow: 3,
      goodProbesInRow: 2,
      slowStartMs: 10_000,
    },
  });
  for (let call = 0; call < n; call++) {
    const member: Member = made.take(KEYS[call % KEYS.length]!, call)!;
    made.settle(member, true, 1, call);
  }
  return Promise.resolve({ count: n });
}

function optionsOf() {
  const random = new SeededRandom(1, "bench");
  return { names: SERVERS, virtualNodes: POINTS, slackPercent: 25, random };
}

/** The tasks by name. */
export const TASKS: Readonly<Record<string, Run>> = {
  ring,
  pool,
  ...Object.fromEntries(
    BALANCER_NAMES.map((name) => [name, (sizes: Sizes) => pick(name, sizes)]),
  ),
};
