/**
 * What a fault's target means, for the live shop and for the simulator. Names
 * are the topology's own: `worker[0]` is a thread, also under its name
 * `worker-0`, and so is `reader[0]`; `inventory[3]` is an actor; `cache[*]` are
 * all of a kind; the gateways are `payment` and `catalog[0]`. Where several
 * processes share a shop these are `process[0]` …, and the servers that they
 * share are `redis` and `database`.
 *
 * @module
 */
import type { ShopPlan } from "./topology.ts";

/** What a target is, which decides what can strike it. */
export type TargetKind =
  | "worker"
  | "cache worker"
  | "actor"
  | "gateway"
  | "process"
  | "server";

/** Something that a fault can strike. */
export interface FaultTarget {
  /** Of a thread, or the address of an actor or a gateway. */
  readonly name: string;
  readonly kind: TargetKind;
}

const THREADS = {
  worker: "worker-",
  cache_worker: "cache-",
  reader: "reader-",
} as const;

/**
 * Everything that `target` means; empty when nothing is called that.
 *
 * @param processes How many share the shop; 0: it is one, and shares nothing.
 */
export function targetsOf(
  target: string,
  plan: ShopPlan,
  processes = 0,
): FaultTarget[] {
  const [, kind, number] = /^([a-z_]+)\[(\*|\d+)\]$/.exec(target) ?? [];
  const all = [...namesIn(plan), ...sharedBy(processes)];
  if (kind === undefined) return all.filter(({ name }) => name === target);
  const thread = THREADS[kind as keyof typeof THREADS];
  const prefix = thread ?? `${kind}[`;
  return all.filter(({ name }) =>
    number === "*"
      ? name.startsWith(prefix)
      : name === (thread === undefined ? target : `${prefix}${number}`)
  );
}

function sharedBy(processes: number): FaultTarget[] {
  if (processes === 0) return [];
  const names = Array.from(
    { length: processes },
    (_, number) => `process[${number}]`,
  );
  return [
    ...names.map((name): FaultTarget => ({ name, kind: "process" })),
    { name: "redis", kind: "server" },
    { name: "database", kind: "server" },
  ];
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
