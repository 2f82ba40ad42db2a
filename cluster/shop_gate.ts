/**
 * The door of a running shop: admission, routing to the actor that owns a key,
 * and the deadline within which every call ends.
 *
 * It drives the domain of its own thread and knows neither threads nor HTTP,
 * so the simulator can drive the same file.
 *
 * @module
 */
import type { Message } from "../actors/runtime/actor.ts";
import type { Domain } from "../actors/runtime/domain.ts";
import { ok, type Outcome } from "../actors/runtime/outcome.ts";
import type { Clock } from "../actors/runtime/ports.ts";
import type { AccountsMessage, Revocation } from "../actors/accounts.ts";
import type { CacheMessage } from "../actors/cache_node.ts";
import type { CatalogMessage } from "../actors/catalog.ts";
import type {
  InventoryMessage,
  StockAudit,
  StockView,
} from "../actors/inventory_shard.ts";
import { partitionOfOrder } from "../actors/storefront/order.ts";
import { refuse, type ShopOutcome } from "../actors/refusals.ts";
import type { StorefrontMessage } from "../actors/storefront.ts";
import { AdmissionControl } from "./admission.ts";
import { BalanceDoor, type BalanceDoorOptions } from "./balance_door.ts";
import type { Config } from "./config.ts";
import type {
  Admission,
  Done,
  Fault,
  Gate,
  MetricSample,
  OtherGates,
} from "./gate.ts";
import { gather } from "./gather.ts";
import { OrderDoor } from "./order_door.ts";
import type { PoolCalls } from "./pool/pool_calls.ts";
import { NearCache, type NearCachePolicy } from "./near_cache.ts";
import type { SharedLimits } from "./limiters/shared_limits.ts";
import { Revocations } from "./revocations.ts";
import { mergeAudits } from "./stock_audits.ts";
import type { Topology } from "./topology.ts";

/** What the gate needs of its host. */
export interface ShopGateOptions extends Pick<BalanceDoorOptions, "pools"> {
  readonly domain: Domain;
  readonly topology: Topology;
  readonly clock: Clock;
  readonly admission: Config["admission"];
  /** Limits that are counted together with other processes; null: none. */
  readonly sharedLimits?: SharedLimits | null;
  /** Calls to those that read the catalog. */
  readonly catalog: PoolCalls;
  readonly near: NearCachePolicy;
  /** Every call ends within this time. */
  readonly withinMs: number;
  /** The host's part: what runs where, locks (none if left out), faults, … */
  readonly describe: () => unknown;
  readonly breakers: () => unknown;
  readonly locks?: Gate["locks"];
  readonly injectFault: (fault: Fault) => ShopOutcome<null>;
  readonly metrics: () => readonly MetricSample[];
  readonly isReady: () => boolean;
  /** The gates of other processes; left out when there are none. */
  readonly others?: OtherGates;
}

/** What the shop takes from outside. */
type ShopMessage =
  | StorefrontMessage
  | InventoryMessage
  | CacheMessage
  | CatalogMessage
  | AccountsMessage;

/** An id that names no partition is nobody's order. */
const NOT_FOUND = refuse("not-found");

/** See the module's text. */
export class ShopGate implements Gate {
  readonly #options: ShopGateOptions;
  readonly #admission: AdmissionControl;
  readonly #near: NearCache;
  readonly #orders: OrderDoor;
  readonly #balance: BalanceDoor;
  readonly #revoked: Revocations;

  constructor(options: ShopGateOptions) {
    this.#options = options;
    this.#admission = new AdmissionControl(
      options.admission,
      options.clock.monotonicMs(),
      { shared: options.sharedLimits ?? null },
    );
    this.#near = new NearCache(options.near);
    this.#revoked = new Revocations(options.clock);
    const { concurrency } = options.admission;
    this.#balance = new BalanceDoor({
      ...options,
      plan: options.topology.plan,
    });
    this.#orders = new OrderDoor(this.#admission, concurrency, options.clock);
  }

  admit(
    userId: string | null,
    address: string,
    route: string | null,
  ): Admission {
    const nowMs = this.#options.clock.monotonicMs();
    return this.#admission.admit(userId, address, nowMs, route);
  }

  isRevoked(tokenId: string): boolean {
    return this.#revoked.has(tokenId);
  }

  // ── Orders ──────────────────────────────────────────────────────────────

  placeOrder: Gate["placeOrder"] = (userId, key, lines, done, admission) => {
    const placed = this.#orders.enter({ userId, lines, admission }, done);
    if (placed === null) return;
    this.#ask(
      this.#options.topology.storefrontOf(userId),
      { kind: "place_order", userId, key, lines },
      placed,
    );
  };

  readOrder: Gate["readOrder"] = (userId, orderId, done) => {
    this.#askOrder({ kind: "read_order", userId, orderId }, done);
  };

  payOrder: Gate["payOrder"] = (userId, orderId, key, method, done) => {
    this.#askOrder({ kind: "pay_order", userId, orderId, key, method }, done);
  };

  cancelOrder: Gate["cancelOrder"] = (userId, orderId, done) => {
    this.#askOrder({ kind: "cancel_order", userId, orderId }, done);
  };

  listOrders: Gate["listOrders"] = (userId, limit, after, done) => {
    const page = after === undefined ? { limit } : { limit, after };
    this.#ask(
      this.#options.topology.storefrontOf(userId),
      { kind: "list_orders", userId, ...page },
      done,
    );
  };

  // ── Products ────────────────────────────────────────────────────────────

  readProduct: Gate["readProduct"] = (sku, fresh, done) => {
    const { clock, topology } = this.#options;
    if (fresh) {
      const message = { kind: "read_product", sku, fresh } as const;
      const heard = this.#near.hearing(sku, done);
      return this.#ask(topology.cacheNodeOf(sku), message, heard);
    }
    const asking = this.#near.isOn
      ? this.#near.read(sku, clock.monotonicMs(), done)
      : done;
    if (asking === null) return;
    this.#ask(topology.cacheNodeOf(sku), { kind: "read_product", sku }, asking);
  };

  lookAtCache: Gate["lookAtCache"] = (sku, done) => {
    const node = this.#options.topology.cacheNodeOf(sku);
    this.#ask(node, { kind: "look", sku }, done);
  };

  warmCache: Gate["warmCache"] = (sku, done) => {
    const node = this.#options.topology.cacheNodeOf(sku);
    this.#ask(node, { kind: "warm", sku }, done);
  };

  dropFromCache: Gate["dropFromCache"] = (sku, done) => {
    this.#options.others?.dropped(sku);
    this.#drop(sku, done);
  };

  /** Drops a product that another process was told to drop. */
  noteDropped(sku: string): void {
    this.#drop(sku, () => {});
  }

  #drop(sku: string, done: Parameters<Gate["dropFromCache"]>[1]): void {
    this.#near.forget(sku);
    const node = this.#options.topology.cacheNodeOf(sku);
    this.#ask(node, { kind: "drop", sku }, done);
  }

  searchCatalog: Gate["searchCatalog"] = (query, limit, after, done) => {
    const page = after === undefined ? { limit } : { limit, after };
    const message: CatalogMessage = { kind: "search_catalog", query, ...page };
    this.#options.catalog.call(
      query,
      message as Message,
      this.#options.withinMs,
      // The protocols of actors/ say which answer a message has.
      done as (outcome: Outcome<unknown>) => void,
    );
  };

  // ── Users ───────────────────────────────────────────────────────────────

  register: Gate["register"] = (username, password, done) => {
    this.#ask(
      this.#options.topology.accountsOf(username),
      { kind: "register", username, password },
      done,
    );
  };

  signIn: Gate["signIn"] = (username, password, done) => {
    this.#ask(
      this.#options.topology.accountsOf(username),
      { kind: "sign_in", username, password },
      done,
    );
  };

  revokeSession: Gate["revokeSession"] = (tokenId, expiresAtMs, done) => {
    const message = {
      kind: "revoke_session",
      tokenId,
      expiresAtMs,
    } as const;
    this.#ask<null>(
      this.#options.topology.accountsOf(tokenId),
      message,
      (outcome) => {
        if (outcome.kind === "ok") {
          this.noteRevoked(tokenId, expiresAtMs);
          this.#options.others?.revoked(tokenId, expiresAtMs);
        }
        done(outcome);
      },
    );
  };

  /** Fetches what was revoked before this start. Until then nobody is let in. */
  loadRevocations(done: Done<null>): void {
    type Listed = { revocations: readonly Revocation[] };
    const partitions = this.#addresses("accounts");
    this.#askAll<Listed>(
      partitions,
      { kind: "list_revocations" },
      (outcome) => {
        if (outcome.kind !== "ok") return done(outcome);
        this.#revoked.addAll(
          outcome.value.flatMap(({ revocations }) => revocations),
        );
        done(ok(null));
      },
    );
  }

  /** Lets nobody in with that token any more. */
  noteRevoked(tokenId: string, expiresAtMs: number): void {
    this.#revoked.add(tokenId, expiresAtMs);
  }

  // ── Administration ──────────────────────────────────────────────────────

  adjustStock: Gate["adjustStock"] = (sku, add, done) => {
    this.#ask<StockView>(
      this.#options.topology.inventoryOf(sku),
      { kind: "adjust", sku, add },
      done,
    );
  };

  auditStock: Gate["auditStock"] = (sku, after, limit, done) => {
    const message = {
      kind: "audit",
      limit,
      ...(sku === undefined ? {} : { sku }),
      ...(after === undefined ? {} : { after }),
    } as const;
    const shards = sku === undefined
      ? this.#addresses("inventory")
      : [this.#options.topology.inventoryOf(sku)];
    this.#askAll<StockAudit>(shards, message, (outcome) => {
      if (outcome.kind !== "ok") return done(outcome);
      done(ok(mergeAudits(outcome.value, limit)));
    });
  };

  limits(): unknown {
    const nowMs = this.#options.clock.monotonicMs();
    return {
      limits: this.#admission.report(nowMs),
      placingOrders: this.#orders.report(),
    };
  }

  breakers(): unknown {
    return this.#options.breakers();
  }

  topology(): unknown {
    return this.#options.describe();
  }

  locks: Gate["locks"] = () => this.#options.locks?.() ?? [];

  readBalance: Gate["readBalance"] = (client, done) => {
    this.#balance.read(client, done);
  };

  drainServer: Gate["drainServer"] = (name, isDraining, done) => {
    this.#balance.drain(name, isDraining, done);
  };

  injectFault: Gate["injectFault"] = (fault, done) => {
    done(this.#options.injectFault(fault));
  };

  metrics(): readonly MetricSample[] {
    return [
      ...this.#admission.metrics(this.#options.clock.monotonicMs()),
      ...this.#near.metrics(),
      ...this.#options.metrics(),
    ];
  }

  isReady(): boolean {
    return this.#options.isReady();
  }

  // ── Asking ──────────────────────────────────────────────────────────────

  #ask<Value>(to: string, message: ShopMessage, done: Done<Value>): void {
    this.#options.domain.ask(
      to,
      message as Message,
      this.#options.withinMs,
      // The protocols of actors/ say which answer a message has.
      done as Parameters<Domain["ask"]>[3],
    );
  }

  /** An order's id says which partition keeps it. */
  #askOrder<Value>(
    message: StorefrontMessage & { orderId: string },
    done: Done<Value>,
  ): void {
    const partition = partitionOfOrder(message.orderId);
    const storefront = partition === null
      ? undefined
      : this.#options.topology.storefront(partition);
    if (storefront === undefined) return done(NOT_FOUND);
    this.#ask(storefront, message, done);
  }

  /** Asks many and answers once: with all values, or with the first trouble. */
  #askAll<Value>(
    addresses: readonly string[],
    message: ShopMessage,
    done: Done<readonly Value[]>,
  ): void {
    const gathered = gather(addresses.length, done);
    for (const address of addresses) this.#ask(address, message, gathered);
  }

  #addresses(kind: "inventory" | "accounts"): string[] {
    return this.#options.topology.plan.actors
      .map(({ address }) => address)
      .filter((address) => address.startsWith(`${kind}[`));
  }
}
