/**
 * What a lock must do in trouble, whichever store it is over: a process behind
 * a proxy (`far`) and one beside it (`near`) want the same lock.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Acquired, Lease, Lock } from "../../../cluster/lock.ts";
import { held, loss } from "./lock_contract.ts";
import type { TcpProxy } from "./tcp_proxy.ts";

/** Two processes and their store. */
export interface Troubled {
  readonly server: { kill(): Promise<unknown>; restart(): Promise<unknown> };
  readonly proxy: TcpProxy;
  readonly far: Lock;
  readonly near: Lock;
}

/** Longer than any of these plays lasts. */
export const LONG_MS = 20_000;

/** How it ended, in one word. */
export function kindOf(acquired: Acquired): string {
  return acquired.kind === "rejected" ? acquired.code : acquired.kind;
}

/**
 * Who hears nothing knows by his own clock that his lease is over, before
 * another has it. Gives both leases.
 */
export async function losesWhatItHearsNothingOf(
  { proxy, far, near }: Troubled,
  ttlMs?: number,
): Promise<{ readonly lease: Lease; readonly next: Lease }> {
  const lease = await held(far, "sku-1", ttlMs);
  proxy.weather = { kind: "frozen" };
  let wasOver = false;
  const over = loss(lease).then(() => wasOver = true);
  const next = await held(near, "sku-1", LONG_MS, LONG_MS);
  assert.ok(wasOver);
  await over;
  assert.ok(next.fence > lease.fence);
  proxy.weather = { kind: "fair" };
  assert.deepEqual(await lease.extend(), { kind: "rejected", code: "lost" });
  assert.ok(next.leftMs > 0);
  return { lease, next };
}

/** Of a store whose answers never come, after so long, nobody knows. */
export async function isUnknownAtItsDeadline(
  { proxy, far }: Troubled,
  answerWithinMs: number,
): Promise<void> {
  proxy.weather = { kind: "frozen" };
  const fromMs = performance.now();
  const acquired = await far.acquire("sku-1", { ttlMs: LONG_MS, waitMs: 50 });
  assert.equal(kindOf(acquired), "unknown");
  // The wait and one command's deadline; the rest is a busy machine.
  assert.ok(performance.now() - fromMs < 50 + answerWithinMs + 2_000);
}

/** An answer that took as long as the lease gives no lock. */
export async function takesNoLockByALateAnswer(
  { proxy, far }: Troubled,
  byMs: number,
): Promise<void> {
  proxy.weather = { kind: "slow", byMs };
  const acquired = await far.acquire("sku-1", { ttlMs: byMs });
  assert.equal(kindOf(acquired), "unknown");
}

/** With its store down nothing is held; who waits has the lock when it is back. */
export async function waitsForAStoreThatIsDown(
  { server, far, near }: Troubled,
): Promise<void> {
  await server.kill();
  // Its clients may not have noticed yet.
  let last: Acquired;
  do last = await far.acquire("sku-1", { ttlMs: LONG_MS }); while (
    kindOf(last) === "unknown"
  );
  assert.equal(kindOf(last), "failed");
  const waiting = held(near, "sku-1", LONG_MS, LONG_MS);
  assert.equal(near.report()[0]?.state, "waiting");
  await Promise.all([server.restart(), waiting]);
}
