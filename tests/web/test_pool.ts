/**
 * The pool of a shop in memory: one server of the catalog, which can be
 * drained. It balances nothing.
 *
 * @module
 */
import type { PoolCallsReport } from "../../cluster/pool/pool_calls.ts";

/** What is said of it. */
export function poolReport(isDraining: boolean): PoolCallsReport {
  return {
    policy: "round-robin",
    isPanicking: false,
    retries: 0,
    throttled: 0,
    members: [{
      name: "catalog[0]",
      weight: 1,
      state: isDraining ? "draining" : "healthy",
      inFlight: 0,
      latencyMs: 1,
      picks: 1,
      share: 1,
      failures: 0,
      ejections: 0,
    }],
  };
}
