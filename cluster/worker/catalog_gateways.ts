/**
 * The catalog's gateways of one thread: those that read the store, each by a
 * connection of its own that cannot write, and those that have one of the
 * shop's readers read. The store is written by who fills it, and by nobody
 * here; since all read one file, what was written is what the next read finds.
 *
 * @module
 */
import type { CatalogMessage } from "../../actors/catalog.ts";
import type { Message } from "../../actors/runtime/actor.ts";
import type { Domain } from "../../actors/runtime/domain.ts";
import { ok, type Outcome } from "../../actors/runtime/outcome.ts";
import type { DrainReader } from "../balance_door.ts";
import { handleCatalog } from "../gateways/catalog.ts";
import { GatewayHost, type Timers } from "../gateways/gateway.ts";
import { CATALOG_PROBE, catalogPool } from "../pool/catalog_pool.ts";
import type { PoolCalls } from "../pool/pool_calls.ts";
import { mainDomain, type ShopPlan } from "../topology.ts";
import { hostClock } from "./host_clock.ts";
import type { OpenCatalog, Storage } from "./storage.ts";

/** What there is in one thread. */
export interface CatalogGateways {
  readonly gateways: readonly GatewayHost[];
  /** Null in a thread that has no readers to choose from. */
  readonly calls: PoolCalls | null;
  /** Asks all readers now and then who is well, from now on. */
  readonly startProbes: () => void;
  readonly close: () => Promise<void>;
}

/** Of which thread, and by what. */
export interface CatalogGatewaysOptions {
  readonly name: string;
  readonly seed: number;
  readonly storage: Storage;
  readonly shop: ShopPlan;
  readonly timers: Timers;
  /** The thread's domain, which is there when the first call comes. */
  readonly domain: () => Domain;
}

/** A catalog read takes microseconds; waiting longer means a sick disk. */
const CATALOG_WITHIN_MS = 2_000;

/** The store answers at once, so its calls never pile up. */
const STORE_CALLS = { concurrency: 64, queue: 10_000 };

/** A call that waits for a reader is no work here; as many as fills may wait. */
const POOL_CALLS = { concurrency: 16_384, queue: 0 };

/** See the module's text. Throws `StoreError` when the store cannot be used. */
export function openCatalogGateways(
  options: CatalogGatewaysOptions,
): CatalogGateways {
  const { name, shop, timers } = options;
  const own = shop.gateways.filter(({ domain }) => domain === name);
  const bounds = { withinMs: CATALOG_WITHIN_MS, clock: hostClock, timers };
  const stores: OpenCatalog[] = [];
  const gateways: GatewayHost[] = [];
  for (const { address, kind } of own) {
    if (kind !== "catalog") continue;
    const store = options.storage.openCatalog();
    stores.push(store);
    const handle = (message: Message) =>
      handleCatalog(store, message as CatalogMessage);
    gateways.push(
      new GatewayHost({ ...STORE_CALLS, ...bounds, address, handle }),
    );
  }
  const hasPool = own.some(({ kind }) => kind === "catalog_pool");
  // The main thread searches.
  const calls = name === mainDomain(shop) || hasPool ? callsOf(options) : null;
  for (const { address, kind } of own) {
    if (kind !== "catalog_pool") continue;
    const handle = (message: Message) => read(calls!, message);
    gateways.push(
      new GatewayHost({ ...POOL_CALLS, ...bounds, address, handle }),
    );
  }
  let probes: ReturnType<typeof setInterval> | undefined;
  return {
    gateways,
    calls,
    startProbes() {
      if (calls === null) return;
      const probe = () => calls.probe(CATALOG_PROBE);
      probes = setInterval(probe, shop.balance.probeEveryMs);
    },
    async close() {
      clearInterval(probes);
      for (const store of stores) await store.close();
    },
  };
}

function callsOf(options: CatalogGatewaysOptions): PoolCalls {
  return catalogPool({
    plan: options.shop,
    domain: options.name,
    seed: options.seed,
    clock: hostClock,
    ask: (to, message, withinMs, done) =>
      options.domain().ask(to, message, withinMs, done),
  });
}

function read(
  calls: PoolCalls,
  message: Message,
): Outcome<unknown> | Promise<Outcome<unknown>> {
  if (message.kind === "drain_reader") {
    const { name, isDraining } = message as DrainReader;
    return ok(calls.drain(name, isDraining));
  }
  const key = "sku" in message ? String(message.sku) : "";
  return new Promise((resolve) =>
    calls.call(key, message, CATALOG_WITHIN_MS, resolve)
  );
}
