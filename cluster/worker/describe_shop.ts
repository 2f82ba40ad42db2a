/**
 * What runs where, as the admin page shows it: the seven roles of a shop and
 * who fills them, the threads, the actors, and the pools that share calls out.
 *
 * @module
 */
import type { ActorReport } from "../../actors/runtime/domain_report.ts";
import type { Config } from "../config.ts";
import type { PoolOfThread } from "../gate.ts";
import type { ShopPlan } from "../topology.ts";
import type { AssembledDomain } from "./assemble.ts";
import type { ThreadReport } from "./control.ts";
import type { WorkerStatus } from "./worker_supervisor.ts";

/** The threads of the shop. */
export interface DescribedThreads {
  readonly main: AssembledDomain;
  readonly workers: { statuses(): readonly WorkerStatus[] };
}

/** One part of a role. */
interface Part {
  readonly name: string;
  readonly isLive: boolean;
}

/** What each thread said of itself last, if it has said anything. */
function reportsOf({ main, workers }: DescribedThreads): ThreadReport[] {
  return [
    main.turns.domain.report(),
    ...workers.statuses().flatMap(({ report }) => report ?? []),
  ];
}

/** The pools of all threads; those of workers as of their last heartbeat. */
export function poolsOf({ main, workers }: DescribedThreads): PoolOfThread[] {
  const pools = [
    { domain: main.turns.domain.name, report: main.catalogCalls?.report() },
    ...workers.statuses().map(({ name, report }) => ({
      domain: name,
      report: report?.pool,
    })),
  ];
  return pools.flatMap(({ domain, report }) =>
    report == null ? [] : [{ domain, report }]
  );
}

/** Every breaker by the domain that it is in, and when they open. */
export function describeBreakers(
  { breaker }: Config,
  threads: DescribedThreads,
) {
  const breakers = reportsOf(threads).flatMap(({ name, breakers }) =>
    breakers.map((each) => ({ domain: name, ...each }))
  );
  return { policy: breaker, breakers };
}

/** The whole shop, as plain JSON. */
export function describeShop(
  config: Config,
  plan: ShopPlan,
  threads: DescribedThreads,
) {
  const statuses = threads.workers.statuses();
  const reports = new Map(
    reportsOf(threads).flatMap(({ actors }) => actors)
      .map((actor) => [actor.address, actor]),
  );
  return {
    placement: config.topology.placement,
    partitions: plan.partitions,
    stockRanges: plan.stockRanges,
    virtualNodes: plan.virtualNodes,
    roles: rolesOf(plan, reports, statuses),
    workers: statuses.map(({ report: _, ...rest }) => rest),
    actors: plan.actors.map(({ address, domain, journaled }) => ({
      ...reports.get(address),
      address,
      worker: domain,
      journaled,
    })),
    gateways: plan.gateways,
    pools: poolsOf(threads).map(({ domain, report }) => ({
      domain,
      ...report,
    })),
  };
}

/** Who does what a shop is made of, and whether it lives. */
function rolesOf(
  plan: ShopPlan,
  reports: ReadonlyMap<string, ActorReport>,
  statuses: readonly WorkerStatus[],
): Readonly<Record<string, readonly Part[]>> {
  const down = new Set(
    statuses.filter(({ status }) => status !== "ready").map(({ name }) => name),
  );
  const isUp = (domain: string) => !down.has(domain);
  const actors = (isOne: (journaled: boolean) => boolean) =>
    plan.actors.filter(({ journaled }) => isOne(journaled))
      .map(({ address }) => ({
        name: address,
        isLive: reports.get(address)?.status === "running",
      }));
  const gateways = (kind: string) =>
    plan.gateways.filter((gateway) => gateway.kind === kind)
      .map(({ address, domain }) => ({ name: address, isLive: isUp(domain) }));
  const journals = new Set(
    plan.actors.filter(({ journaled }) => journaled)
      .map(({ domain }) => domain),
  );
  return {
    // This page is one of its answers.
    "front end": [{ name: "edge", isLive: true }],
    "back end": actors((journaled) => journaled),
    "database": gateways("catalog"),
    "cache": actors((journaled) => !journaled),
    // Mail waits in the mailboxes of a thread and in the links to it.
    "queue": plan.domains.map(({ name }) => ({ name, isLive: isUp(name) })),
    "balancer": [
      { name: "catalog pool of main", isLive: true },
      ...gateways("catalog_pool"),
    ],
    "storage": [...journals].map((name) => ({
      name: `journal of ${name}`,
      isLive: isUp(name),
    })),
  };
}
