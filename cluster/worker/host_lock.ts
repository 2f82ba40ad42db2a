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
import type { ZooKeeperClient } from "../zookeeper/zookeeper_port.ts";
import {
  ZooKeeperLeases,
  type ZooKeeperLeasesOptions,
} from "../zookeeper/zookeeper_leases.ts";
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

/**
 * Leases in ZooKeeper, once it answers; until then it keeps trying. `connect`
 * makes a client that is not connected: one for each session. Disposed of, they
 * end their session, and with it what is held of them.
 */
export async function openZooKeeperLeases(
  connect: () => ZooKeeperClient,
  options: ZooKeeperLeasesOptions = {},
): Promise<ZooKeeperLeases> {
  const time = { clock: hostClock, timers: hostTimers };
  const leases = new ZooKeeperLeases(connect, time, options);
  await leases.open();
  return leases;
}
