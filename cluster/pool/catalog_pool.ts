/**
 * The pool of the catalog's readers as the shop's plan describes it, for one
 * thread that reads: the main one for searches, that of a cache node for its
 * fills. Each has a pool of its own, so nobody is asked before a call; what
 * readers do under all their callers shows in how fast they answer.
 *
 * @module
 */
import type { CatalogMessage } from "../../actors/catalog.ts";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { catalogMembers, type ShopPlan } from "../topology.ts";
import { AdaptiveThrottle } from "./adaptive_throttle.ts";
import { Pool } from "./pool.ts";
import { PoolCalls, type PoolCallsOptions } from "./pool_calls.ts";
import { RetryBudget } from "./retry_budget.ts";

/** Whose pool it is, and what it calls by. */
export interface CatalogPoolOptions
  extends Pick<PoolCallsOptions, "clock" | "ask"> {
  readonly plan: ShopPlan;
  /** The domain that reads; it names the random streams. */
  readonly domain: string;
  readonly seed: number;
}

/** Asks for nothing that there is: the answer is a refusal, at once. */
export const CATALOG_PROBE: CatalogMessage = { kind: "read_entry", sku: "" };

/** Makes the pool and what calls it. */
export function catalogPool(options: CatalogPoolOptions): PoolCalls {
  const { plan, domain, seed, clock, ask } = options;
  const { balance, virtualNodes } = plan;
  const random = new SeededRandom(seed, `catalog pool of ${domain}`);
  return new PoolCalls({
    ...balance,
    pool: new Pool({
      ...balance,
      names: catalogMembers(plan),
      virtualNodes,
      random,
    }),
    budget: new RetryBudget(balance.budget),
    throttle: balance.throttle &&
      new AdaptiveThrottle(balance.throttle, random),
    clock,
    ask,
  });
}
