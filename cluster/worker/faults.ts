/**
 * Faults on order, against the running shop: the same objects that a scenario
 * schedules, without their time. Targets are the topology's own names, with
 * `*` for all of a kind.
 *
 * @module
 */
import { ok } from "../../actors/runtime/outcome.ts";
import { refuse, type ShopOutcome } from "../../actors/refusals.ts";
import { targetsOf } from "../fault_targets.ts";
import type { Fault } from "../gate.ts";
import type { ShopPlan } from "../topology.ts";
import type { AssembledDomain } from "./assemble.ts";
import type { Order } from "./control.ts";
import type { WorkerSupervisor } from "./worker_supervisor.ts";

/** Where faults strike. */
export interface FaultTargets {
  readonly main: AssembledDomain;
  readonly workers: WorkerSupervisor;
}

/** A hang without a length would outlive the test that asked for it. */
const HANG_DEFAULT_MS = 5_000;
/** What a step of a slowed actor is made to last, times the factor. */
const STEP_MS = 1;

/**
 * Strikes. Rejected `invalid-input`, and nothing happens, when the target is
 * not there or the fault does not fit it.
 */
export function injectFault(
  fault: Fault,
  plan: ShopPlan,
  targets: FaultTargets,
): ShopOutcome<null> {
  if (fault.do === "partition") return partition(fault, plan, targets);
  const names = resolve(fault.target ?? "", plan);
  if (names.length === 0) {
    return refuse("invalid-input", {
      detail: `target: nothing is called "${fault.target ?? ""}"`,
    });
  }
  const struck = names.filter((name) => strike(fault, name, plan, targets));
  if (struck.length === names.length) return ok(null);
  return refuse("invalid-input", {
    detail: `do: "${fault.do}" cannot strike "${fault.target}" now`,
  });
}

/** Names of the threads and actors that a target means. */
function resolve(target: string, plan: ShopPlan): string[] {
  return targetsOf(target, plan).filter(({ kind }) => kind !== "gateway")
    .map(({ name }) => name);
}

function strike(
  fault: Fault,
  name: string,
  plan: ShopPlan,
  targets: FaultTargets,
): boolean {
  const actor = plan.actors.find(({ address }) => address === name);
  if (actor === undefined) return strikeThread(fault, name, targets.workers);
  const { address, domain } = actor;
  switch (fault.do) {
    case "crash":
      return order(targets, domain, { kind: "crash", address });
    case "slow": {
      const delayMs = ((fault.factor ?? 10) - 1) * STEP_MS;
      if (fault.forMs !== undefined) {
        const end: Order = { kind: "slow", address, delayMs: 0 };
        setTimeout(() => order(targets, domain, end), fault.forMs);
      }
      return order(targets, domain, { kind: "slow", address, delayMs });
    }
    case "flush":
      if (!address.startsWith("cache[")) return false;
      targets.main.turns.domain.tell(address, { kind: "flush" });
      return true;
    default:
      return false;
  }
}

function strikeThread(
  fault: Fault,
  name: string,
  workers: WorkerSupervisor,
): boolean {
  switch (fault.do) {
    case "crash":
      return workers.kill(name);
    case "hang":
      return workers.order(name, {
        kind: "hang",
        forMs: fault.forMs ?? HANG_DEFAULT_MS,
      });
    default:
      return false;
  }
}

/** An order to whichever thread has the domain, this one included. */
function order(targets: FaultTargets, domain: string, what: Order): boolean {
  const { domain: main } = targets.main.turns;
  if (domain !== main.name) return targets.workers.order(domain, what);
  if (what.kind === "crash") return main.crash(what.address, "a fault");
  if (what.kind === "slow") return main.slow(what.address, what.delayMs);
  return false;
}

/** Cuts the link between two workers for a while; both stay up. */
function partition(
  fault: Fault,
  plan: ShopPlan,
  { workers }: FaultTargets,
): ShopOutcome<null> {
  const from = resolve(fault.from ?? "", plan);
  const to = resolve(fault.to ?? "", plan);
  if (from.length !== 1 || to.length !== 1 || from[0] === to[0]) {
    return refuse("invalid-input", {
      detail: 'from, to: each must name one worker, such as "worker[0]"',
    });
  }
  const cut = workers.cut(from[0]!, to[0]!, fault.forMs ?? HANG_DEFAULT_MS);
  if (cut) return ok(null);
  return refuse("invalid-input", {
    detail: "from, to: both must be workers that run",
  });
}
