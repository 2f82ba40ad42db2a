/**
 * A thread's breakers, put up where the live shop has them, and seen.
 *
 * @module
 */
import { guardCallees } from "../cluster/breakers.ts";
import type { ShopPlan } from "../cluster/topology.ts";
import type { Observation } from "./observation.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Thread } from "./thread.ts";

/** One life of a thread. */
export interface SeenLife {
  readonly thread: Thread;
  readonly incarnation: number;
  readonly plan: ShopPlan;
  readonly scheduler: Scheduler;
  readonly observe: (observation: Observation) => void;
}

/** Puts the breakers up; all that they do can be observed. */
export function guardSeen(
  { thread, incarnation, plan, scheduler, observe }: SeenLife,
): void {
  const { name: domain } = thread;
  guardCallees(thread.domain, plan, (address, from, to, report) => {
    const change = { domain, incarnation, address, from, to, report };
    observe({ kind: "breaker_changed", atUs: scheduler.nowUs, ...change });
  });
}
