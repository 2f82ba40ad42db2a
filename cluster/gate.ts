/**
 * The one synchronous door to the shop, as those outside see it: the HTTP edge,
 * the simulator's workload, a benchmark's peer with another engine behind it.
 * Calls start here and end in a callback; nothing in this
 * file waits. `shop_gate.ts` is the door of our own shop.
 *
 * @module
 */
import type { CachedProduct, Warmed } from "../actors/cache_node.ts";
import type { CatalogEntry } from "../actors/catalog.ts";
import type { Line, StockAudit, StockView } from "../actors/inventory_shard.ts";
import type { ShopOutcome } from "../actors/refusals.ts";
import type { Outcome } from "../actors/runtime/outcome.ts";
import type { OrderView, Payment, Placed } from "../actors/storefront.ts";
import type { PoolCallsReport } from "./pool/pool_calls.ts";

/**
 * Called exactly once with how a call ended, at once or in a later turn, and
 * within the gate's deadline.
 */
export type Done<Value> = (outcome: ShopOutcome<Value>) => void;

/** What the limiters said, with what the RateLimit header fields need. */
export interface Admission {
  readonly admitted: boolean;
  /** The one that refused, else the client's: `user`, `overall`, a route … */
  readonly policy: string;
  /** Requests that it lets pass at once at most. */
  readonly capacity: number;
  readonly refillPerSecond: number;
  /** Requests that it would still let pass. */
  readonly remaining: number;
  /** When asking again can help; 0 when the request was admitted. */
  readonly retryAfterMs: number;
  /** How long the request has to wait in line before it goes on. */
  readonly delayMs: number;
  /** When it was decided, on the gate's monotonic clock. */
  readonly decidedMs: number;
}

/** A page of a user's orders, the newest first. */
export interface OrderList {
  readonly items: readonly OrderView[];
  /** The `after` of the next page; null: this is the last. */
  readonly next: string | null;
}

/** A page of the catalog, best sellers first. */
export interface CatalogList {
  readonly items: readonly CatalogEntry[];
  /** The `after` of the next page; null: this is the last. */
  readonly next: string | null;
}

/** A pool, and the thread whose calls it shares out. */
export interface PoolOfThread {
  readonly domain: string;
  readonly report: PoolCallsReport;
}

/** This thread's pool of servers, and which of them has just answered. */
export interface BalanceView extends PoolCallsReport {
  readonly server: string;
  /** The pools of all threads, those of others as of their last heartbeat. */
  readonly pools: readonly (PoolCallsReport & { readonly domain: string })[];
}

/** The door. Refusals are those of the actors' protocols. */
export interface Gate {
  /**
   * Takes from the limiter of the user, else of the address, and from the
   * route's and the overall one; or from none at all.
   *
   * @param route A name of `LIMITED_ROUTES`, or one that no limit knows.
   */
  admit(
    userId: string | null,
    address: string,
    route: string | null,
  ): Admission;

  /** True for a token id that was revoked and may not have expired. */
  isRevoked(tokenId: string): boolean;

  /**
   * Holds all lines for an order, or none. Idempotent by user and key.
   *
   * @param admission What let the order in: it gets back what it took when the
   * limit of a product refuses the order.
   */
  placeOrder(
    userId: string,
    key: string,
    lines: readonly Line[],
    done: Done<Placed>,
    admission?: Admission,
  ): void;

  /** Reads one of the user's orders. */
  readOrder(userId: string, orderId: string, done: Done<OrderView>): void;

  /** Reads up to `limit` of the user's orders. */
  listOrders(
    userId: string,
    limit: number,
    after: string | undefined,
    done: Done<OrderList>,
  ): void;

  /** Pays for an order. Idempotent by user, order and key. */
  payOrder(
    userId: string,
    orderId: string,
    key: string,
    method: string,
    done: Done<Payment>,
  ): void;

  /** Gives an unpaid order's stock back. */
  cancelOrder(userId: string, orderId: string, done: Done<OrderView>): void;

  /** Reads a product from its cache node; `fresh`: from its sources. */
  readProduct(sku: string, fresh: boolean, done: Done<CachedProduct>): void;

  /** What a product's cache node holds of it; null: nothing. */
  lookAtCache(sku: string, done: Done<{ entry: CachedProduct | null }>): void;

  /** Fills a product's cache node from its sources, whatever it holds. */
  warmCache(sku: string, done: Done<Warmed>): void;

  /** Makes a product's cache node forget it; one that it does not hold too. */
  dropFromCache(sku: string, done: Done<null>): void;

  /** Finds products; an empty query lists all. */
  searchCatalog(
    query: string,
    limit: number,
    after: string | undefined,
    done: Done<CatalogList>,
  ): void;

  /** Makes an account. */
  register(
    username: string,
    password: string,
    done: Done<{ id: string; username: string }>,
  ): void;

  /** Checks a password. */
  signIn(
    username: string,
    password: string,
    done: Done<{ userId: string }>,
  ): void;

  /** Ends a session for good: durable when `done` hears ok. */
  revokeSession(
    tokenId: string,
    expiresAtMs: number,
    done: Done<null>,
  ): void;

  /** Adds units to a product's stock; a negative number removes. */
  adjustStock(sku: string, add: number, done: Done<StockView>): void;

  /**
   * Checks the stock equation over all shards: totals, violations, and a page
   * of products sorted by SKU.
   */
  auditStock(
    sku: string | undefined,
    after: string | undefined,
    limit: number,
    done: Done<StockAudit>,
  ): void;

  /**
   * Has one of the servers that read the catalog answer, picked as for any
   * call. Failed `unavailable` when none does.
   */
  readBalance(client: string, done: Done<BalanceView>): void;

  /**
   * Gives a server of the catalog nothing new until told otherwise. Rejected
   * `not-found`.
   */
  drainServer(
    name: string,
    isDraining: boolean,
    done: Done<PoolCallsReport>,
  ): void;

  /** Every limiter with its numbers, as plain JSON. */
  limits(): unknown;

  /** Every circuit breaker with its numbers, as plain JSON. */
  breakers(): unknown;

  /** What runs where, as plain JSON. */
  topology(): unknown;

  /** What this process holds and waits for. */
  locks(): readonly HeldLock[];

  /**
   * Strikes with a fault. Rejected `invalid-input`, and nothing happens, for a
   * target that is not there or a fault that does not fit it.
   */
  injectFault(fault: Fault, done: (outcome: Outcome<null>) => void): void;

  /** Numbers of everything behind the gate. */
  metrics(): readonly MetricSample[];

  /** True while every partition is served. */
  isReady(): boolean;
}

/** What this process holds, or waits for, so that nobody else does. */
export interface HeldLock {
  /** A lock's name, a partition, or the data folder. */
  readonly name: string;
  /**
   * `lease`: a lock with a time. `epoch`: a partition of a journal, which the
   * next owner's larger epoch takes away. `file`: an exclusive lock of the
   * operating system, which ends with the process.
   */
  readonly kind: "lease" | "epoch" | "file";
  readonly state: "held" | "waiting";
  /** Who has it, or will: a lease's owner, a worker, a process. */
  readonly owner: string;
  /** The fencing token or epoch; null: it has none, or none yet. */
  readonly fence: number | null;
  /** Of the lease, or of the wait for it; null: it has no end. */
  readonly leftMs: number | null;
}

/** A fault, as a scenario writes it, without its time. */
export interface Fault {
  readonly do: "crash" | "hang" | "slow" | "partition" | "flush";
  /** Such as `worker[0]`, `inventory[3]`, `cache[*]`. */
  readonly target?: string;
  /** The two ends that a partition cuts apart. */
  readonly from?: string;
  readonly to?: string;
  /** How long it lasts; some have a default, some end by themselves. */
  readonly forMs?: number;
  /** How many times slower. */
  readonly factor?: number;
}

/** One sample of a metric. */
export interface MetricSample {
  /** Without the prefix that all of ours have. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The gates of all processes, this one included. What they are told may be
 * lost, and is then fetched again (`loadRevocations`) or grows old by itself.
 */
export interface OtherGates {
  /** A session ended. */
  revoked(tokenId: string, expiresAtMs: number): void;
  /** A product is to be dropped from the caches. */
  dropped(sku: string): void;
}
