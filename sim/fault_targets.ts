/**
 * What a fault's target means. Names are the topology's own, as for faults on
 * the live shop: `worker[0]` is a thread, also under its name `worker-0`;
 * `inventory[3]` is an actor; `cache[*]` are all of a kind. A simulator has
 * the gateways as well: `payment`, `catalog[0]`.
 *
 * @module
 */
import type { ShopPlan } from "../cluster/topology.ts";
import type { FaultKind } from "./scenario_values.ts";

/** What a target is, which decides what can strike it. */
export type TargetKind = "worker" | "cache worker" | "actor" | "gateway";

/** Something that a fault can strike. */
export interface FaultTarget {
  /** Of a thread, or the address of an actor or a gateway. */
  readonly name: string;
  readonly kind: TargetKind;
}

const THREADS = { worker: "worker-", cache_worker: "cache-" } as const;

/** Everything that `target` means; empty when nothing is called that. */
export function targetsOf(target: string, plan: ShopPlan): FaultTarget[] {
  const [, kind, number] = /^([a-z_]+)\[(\*|\d+)\]$/.exec(target) ?? [];
  const all = namesIn(plan);
  if (kind === undefined) return all.filter(({ name }) => name === target);
  const isThread = kind === "worker" || kind === "cache_worker";
  const prefix = isThread ? THREADS[kind] : `${kind}[`;
  return all.filter(({ name }) =>
    number === "*"
      ? name.startsWith(prefix)
      : name === (isThread ? `${prefix}${number}` : target)
  );
}

/** Whether such a fault can strike such a target. */
export function fits(fault: FaultKind, { name, kind }: FaultTarget): boolean {
  switch (fault) {
    case "crash":
      return kind !== "gateway";
    case "hang":
    case "partition":
      return kind === "worker" || kind === "cache worker";
    case "lose_disk_cache":
      return kind === "worker";
    case "flush":
      return name.startsWith("cache[");
    case "slow":
      return true;
  }
}

function namesIn(plan: ShopPlan): FaultTarget[] {
  return [
    ...plan.domains.filter(({ role }) => role !== "main")
      .map(({ name, role }): FaultTarget => ({
        name,
        kind: role === "cache" ? "cache worker" : "worker",
      })),
    ...plan.actors.map(({ address }) =>
      ({ name: address, kind: "actor" }) as const
    ),
    ...plan.gateways.map(({ address }) =>
      ({ name: address, kind: "gateway" }) as const
    ),
  ];
}
