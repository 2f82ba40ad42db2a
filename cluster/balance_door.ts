/**
 * The pool of servers that read the catalog, as those outside see it: one of
 * them answers as for any call, all threads' pools are shown, and an operator
 * takes a server out of all of them before he takes it away.
 *
 * @module
 */
import type { Message } from "../actors/runtime/actor.ts";
import type { Domain } from "../actors/runtime/domain.ts";
import { failed, ok, type Outcome } from "../actors/runtime/outcome.ts";
import { refuse } from "../actors/refusals.ts";
import type { BalanceView, Done, PoolOfThread } from "./gate.ts";
import { CATALOG_PROBE } from "./pool/catalog_pool.ts";
import type { PoolCalls, PoolCallsReport } from "./pool/pool_calls.ts";
import type { ShopPlan } from "./topology.ts";

/** What the door stands before. */
export interface BalanceDoorOptions {
  readonly domain: Domain;
  readonly plan: ShopPlan;
  /** The calls of this thread, which searches. */
  readonly catalog: PoolCalls;
  /** The pools of all threads; left out where they are one. */
  readonly pools?: () => readonly PoolOfThread[];
  readonly withinMs: number;
}

/** See the module. */
export class BalanceDoor {
  readonly #options: BalanceDoorOptions;

  constructor(options: BalanceDoorOptions) {
    this.#options = options;
  }

  /** Has a server answer, and shows all. Failed `unavailable` when none does. */
  read(client: string, done: Done<BalanceView>): void {
    const { catalog, withinMs } = this.#options;
    const ended = (outcome: Outcome<unknown>, server: string | null) => {
      // A refusal is an answer too: that there is no such product.
      if (outcome.kind === "failed" || outcome.kind === "unknown") {
        return done(failed("unavailable", outcome.retryAfterMs));
      }
      const pools = (this.#options.pools?.() ?? [])
        .map(({ domain, report }) => ({ domain, ...report }));
      done(ok({ server: server ?? "", ...catalog.report(), pools }));
    };
    catalog.call(client, CATALOG_PROBE as Message, withinMs, ended);
  }

  /** Gives a server nothing new, in any thread, or something again. */
  drain(name: string, isDraining: boolean, done: Done<PoolCallsReport>): void {
    const { catalog, domain, plan } = this.#options;
    if (!catalog.drain(name, isDraining)) return done(refuse("not-found"));
    for (const pool of catalogPools(plan)) {
      domain.tell(pool, drainReader(name, isDraining));
    }
    done(ok(catalog.report()));
  }
}

/** Told to a thread's pool: give that reader nothing new, or something again. */
export interface DrainReader extends Message {
  readonly kind: "drain_reader";
  readonly name: string;
  readonly isDraining: boolean;
}

function drainReader(name: string, isDraining: boolean): DrainReader {
  return { kind: "drain_reader", name, isDraining };
}

/** The gateways that have a reader read, of one thread or of all. */
function catalogPools({ gateways }: ShopPlan, thread?: string): string[] {
  return gateways.filter(({ kind, domain }) =>
    kind === "catalog_pool" && (thread === undefined || domain === thread)
  ).map(({ address }) => address);
}

/**
 * Tells a thread that starts anew which readers drain, as its own pool has
 * forgotten it.
 *
 * @param calls Of a thread that has known it all along.
 */
export function tellDraining(
  domain: Domain,
  plan: ShopPlan,
  calls: PoolCalls,
  thread: string,
): void {
  const pools = catalogPools(plan, thread);
  if (pools.length === 0) return;
  for (const { name, state } of calls.report().members) {
    if (state !== "draining") continue;
    for (const pool of pools) domain.tell(pool, drainReader(name, true));
  }
}
