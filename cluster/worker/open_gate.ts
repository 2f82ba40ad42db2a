/**
 * The gate over a shop's threads: what the host knows, put before those who
 * ask at the door.
 *
 * @module
 */
import type { Config } from "../config.ts";
import { ShopGate, type ShopGateOptions } from "../shop_gate.ts";
import { type ShopPlan, Topology } from "../topology.ts";
import { describeBreakers, describeShop, poolsOf } from "./describe_shop.ts";
import { injectFault } from "./faults.ts";
import { hostClock } from "./host_clock.ts";
import { reasonOf } from "./opening.ts";
import { poolMetrics, shopMetrics } from "./shop_metrics.ts";
import { StartError, type Threads } from "./threads.ts";

/** What a shop of one process and one of several have each in its way. */
export interface GateHost
  extends Pick<ShopGateOptions, "locks" | "others" | "sharedLimits"> {
  /** What is said of the topology besides; nothing when left out. */
  readonly describe?: () => Readonly<object>;
  /** What else there is to measure. */
  readonly metrics?: ShopGateOptions["metrics"];
  /** What else must be so for the shop to be ready. */
  readonly isReady?: () => boolean;
}

/** The gate of these threads. */
export function openGate(
  config: Config,
  plan: ShopPlan,
  threads: Threads,
  host: GateHost,
): ShopGate {
  const { main, workers } = threads;
  const readers = new Set(
    plan.domains.filter(({ role }) => role === "reader")
      .map(({ name }) => name),
  );
  return new ShopGate({
    ...host,
    domain: main.turns.domain,
    topology: new Topology(plan),
    clock: hostClock,
    admission: config.admission,
    catalog: main.catalogCalls!,
    near: config.cache.near,
    withinMs: config.edge.requestTimeoutMs,
    describe: () => ({
      ...describeShop(config, plan, threads),
      ...host.describe?.(),
    }),
    pools: () => poolsOf(threads),
    breakers: () => describeBreakers(config, threads),
    injectFault: (fault) => injectFault(fault, plan, threads),
    metrics: () => [
      ...shopMetrics(main.turns, workers.statuses()),
      ...poolMetrics(poolsOf(threads)),
      ...host.metrics?.() ?? [],
    ],
    // A reader that is away has others in its place.
    isReady: () =>
      (host.isReady?.() ?? true) &&
      workers.statuses().every(({ name, status }) =>
        status === "ready" || readers.has(name)
      ),
  });
}

/** Fetches what was revoked earlier; until then nobody is let in. */
export function loadRevocations(gate: ShopGate): Promise<void> {
  return new Promise((resolve, reject) =>
    gate.loadRevocations((outcome) =>
      outcome.kind === "ok" ? resolve() : reject(
        new StartError(`The accounts do not answer: ${reasonOf(outcome)}`),
      )
    )
  );
}
