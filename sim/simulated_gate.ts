/**
 * The shop's own gate over a simulated shop. What only a live host can do has
 * no answer here: faults come from the scenario, and pages look at nothing.
 *
 * @module
 */
import type { Domain } from "../actors/runtime/domain.ts";
import type { PoolCalls } from "../cluster/pool/pool_calls.ts";
import { ShopGate } from "../cluster/shop_gate.ts";
import type { Topology } from "../cluster/topology.ts";
import { clockOf } from "./clock.ts";
import type { Scenario } from "./scenario_values.ts";
import type { Scheduler } from "./scheduler.ts";

/** What the gate stands before. */
export interface SimulatedGateOptions {
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly domain: Domain;
  readonly topology: Topology;
  readonly catalog: PoolCalls;
  readonly isReady: () => boolean;
  /** Of its thread's clock; 0 unless told. */
  readonly driftPerMillion?: number;
}

/** Opens the gate. */
export function simulatedGate(
  options: SimulatedGateOptions,
): ShopGate {
  const { scenario, scheduler, domain, topology, catalog, isReady } = options;
  const { clock, config } = scenario;
  return new ShopGate({
    ...{ domain, topology, catalog, isReady },
    clock: clockOf(scheduler, {
      startMs: clock.startMs,
      driftPerMillion: options.driftPerMillion,
    }),
    admission: config.admission,
    near: config.cache.near,
    withinMs: config.edge.requestTimeoutMs,
    describe: () => null,
    breakers: () => null,
    injectFault: () => {
      throw new Error("Faults of a simulation come from its scenario");
    },
    metrics: () => [],
  });
}
