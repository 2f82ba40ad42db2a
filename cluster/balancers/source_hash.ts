/**
 * Source hash: who asks decides, so that a client stays with his server. By
 * rendezvous hashing (Thaler, Ravishankar 1998): every member draws a number
 * from its name and the key, and the highest wins. When a member leaves only
 * its own clients move, when one joins it takes its share from all; `hash % n`
 * would move nearly everybody. Nothing is kept, and hashes are stable, so every
 * process and every restart decide alike.
 *
 * @module
 */
import { stableHash } from "../../actors/runtime/random.ts";
import type { Balancer, Member } from "./balancer.ts";

/** See the module. */
export class SourceHash implements Balancer {
  /** By index; names do not change. */
  readonly #hashes: number[] = [];

  pick<M extends Member>(members: readonly M[], key: string): M {
    const ofKey = stableHash(key);
    let picked = members[0]!;
    let highest = -1;
    for (const member of members) {
      const ofName = this.#hashes[member.index] ??= stableHash(member.name);
      const drawn = mix(ofKey ^ ofName);
      if (drawn > highest) {
        highest = drawn;
        picked = member;
      }
    }
    return picked;
  }
}

/** The finalizer of murmur3: each bit of the input turns half of the output. */
function mix(bits: number): number {
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
