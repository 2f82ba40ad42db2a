/**
 * The pool of a shop in memory: one server of the catalog, which can be
 * drained. It balances nothing.
 *
 * @module
 */
import type { PoolReport } from "../../cluster/pool/pool.ts";

/** What is said of it. */
export function poolReport(isDraining: boolean): PoolReport {
  return {
    policy: "round-robin",
    isPanicking: false,
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
