/**
 * Where the shop's circuit breakers stand: in each domain, before whatever its
 * actors ask of others and may have to do without. A storefront does without a
 * shard or the payment provider, a cache node without a shard or its catalog's
 * store. What a breaker is stands in `actors/runtime/circuit_breaker.ts`.
 *
 * They open when a callee fails. Our own load is shed elsewhere (`admission.ts`
 * and `limiters/`), by switches of its own.
 *
 * @module
 */
import type { BreakerChanged } from "../actors/runtime/circuit_breaker.ts";
import type { Domain } from "../actors/runtime/domain.ts";
import type { ShopPlan } from "./topology.ts";

/** The addresses that a domain's actors ask and may have to do without. */
export function calleesOf(plan: ShopPlan, domain: string): string[] {
  const callees = new Set<string>();
  const shards = plan.actors.filter(({ kind }) => kind === "inventory_shard");
  for (const actor of plan.actors) {
    if (actor.domain !== domain) continue;
    if (actor.kind !== "storefront" && actor.kind !== "cache_node") continue;
    for (const { address } of shards) callees.add(address);
    callees.add(
      actor.kind === "storefront"
        ? actor.args.paymentGateway
        : actor.args.catalog,
    );
  }
  return [...callees];
}

/** Puts a domain's breakers up; its actors must have been added. */
export function guardCallees(
  domain: Domain,
  plan: ShopPlan,
  changed?: BreakerChanged,
): void {
  const { breaker } = plan;
  if (breaker === null) return;
  for (const callee of calleesOf(plan, domain.name)) {
    domain.guard(callee, breaker, changed);
  }
}
