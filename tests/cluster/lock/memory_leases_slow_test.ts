/** Locks in memory and by a quorum of memories: the contract of locks. */
import assert from "node:assert/strict";
import { MemoryLeases } from "../../../cluster/lock/memory_leases.ts";
import { hostClock } from "../../../cluster/worker/host_clock.ts";
import { openLock } from "../../../cluster/worker/host_lock.ts";
import { checkLock, held } from "./lock_contract.ts";

Deno.test("G80 a lock in memory keeps the contract", async (test) => {
  const store = new MemoryLeases(hostClock);
  await checkLock(test, { open: () => store });
});

Deno.test("a lock in memory serves waiters of all its users in order of arrival", async () => {
  const store = new MemoryLeases(hostClock);
  const locks = [openLock(store), openLock(store), openLock(store)];
  const lease = await held(locks[0]!, "a");
  const served: number[] = [];
  const waits = Array.from({ length: 12 }, async (_, turn) => {
    await using _lease = await held(locks[turn * 7 % 3]!, "a", 1_000, 10_000);
    served.push(turn);
  });
  await lease.release();
  await Promise.all(waits);
  assert.deepEqual(served, Array.from({ length: 12 }, (_, turn) => turn));
  for (const lock of locks) await lock[Symbol.asyncDispose]();
});
