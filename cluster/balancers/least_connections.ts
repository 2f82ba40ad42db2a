/**
 * Least connections: the member with the fewest calls under way, the first one
 * of several. It follows load without measuring time, and a member that is slow
 * gets less as its calls pile up.
 *
 * @module
 */
import type { Balancer, Member } from "./balancer.ts";

/** See the module. */
export class LeastConnections implements Balancer {
  pick<M extends Member>(members: readonly M[]): M {
    let picked = members[0]!;
    for (const member of members) {
      if (member.inFlight < picked.inFlight) picked = member;
    }
    return picked;
  }
}
