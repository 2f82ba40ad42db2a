/**
 * A lock on the machine's own clock, timers and randomness.
 *
 * @module
 */
import type { Random } from "../../actors/runtime/ports.ts";
import { LeasedLock } from "../lock/leased_lock.ts";
import type { LeaseStore } from "../lock/lease_store.ts";
import type { Lock } from "../lock.ts";
import { MemoryLeases } from "../lock/memory_leases.ts";
import { hostClock, hostTimers } from "./host_clock.ts";

const hostRandom: Random = {
  next: () => crypto.getRandomValues(new Uint32Array(1))[0]!,
};

/** A lock whose leases are in `store`; without one, in this process. */
export function openLock(
  store: LeaseStore = new MemoryLeases(hostClock),
): Lock {
  return new LeasedLock(store, {
    clock: hostClock,
    timers: hostTimers,
    random: hostRandom,
  });
}
