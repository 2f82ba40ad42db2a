/**
 * @module draft: the interface that web/ builds on. The implementation follows.
 */
import type { Outcome } from "../actors/runtime/outcome.ts";
import type { ShopOutcome } from "../actors/refusals.ts";
import type { CachedProduct } from "../actors/cache_node.ts";
import type { CatalogEntry } from "../actors/catalog.ts";
import type { Line, StockAudit, StockView } from "../actors/inventory_shard.ts";
import type { OrderView, Payment, Placed } from "../actors/storefront.ts";

/** Called exactly once with how it ended. */
export type Done<Value> = (outcome: ShopOutcome<Value>) => void;

/** What a token bucket said; carries what the RateLimit headers need. */
export interface Admission {
  readonly admitted: boolean;
  /** "user" | "address" | "overall": the bucket that decided. */
  readonly policy: string;
  readonly capacity: number; // tokens
  readonly refillPerSecond: number;
  readonly remaining: number; // whole tokens left
  readonly retryAfterMs: number; // 0 when admitted
}

/** The one door to the shop. Synchronous: answers come by callback. */
export interface Gate {
  /** Takes one token of the user's bucket, else of the address', and of the overall one, all or none. */
  admit(userId: string | null, address: string): Admission;
  isRevoked(tokenId: string): boolean;

  placeOrder(userId: string, key: string, lines: readonly Line[], done: Done<Placed>): void;
  readOrder(userId: string, orderId: string, done: Done<OrderView>): void;
  listOrders(userId: string, limit: number, after: string | undefined, done: Done<{ items: readonly OrderView[]; next: string | null }>): void;
  payOrder(userId: string, orderId: string, key: string, method: string, done: Done<Payment>): void;
  cancelOrder(userId: string, orderId: string, done: Done<OrderView>): void;

  readProduct(sku: string, fresh: boolean, done: Done<CachedProduct>): void;
  searchCatalog(query: string, limit: number, after: string | undefined, done: Done<{ items: readonly CatalogEntry[]; next: string | null }>): void;

  register(username: string, password: string, done: Done<{ id: string; username: string }>): void;
  signIn(username: string, password: string, done: Done<{ userId: string }>): void;
  revokeSession(tokenId: string, expiresAtMs: number, done: Done<null>): void;

  adjustStock(sku: string, add: number, done: Done<StockView>): void;
  /** Over all shards: totals, violations, and one page of items sorted by sku. */
  auditStock(sku: string | undefined, after: string | undefined, limit: number, done: Done<StockAudit>): void;
  /** Roles, workers, partitions, placement, incarnations: plain JSON for /v1/admin/topology. */
  topology(): unknown;
  /** Injects a fault; rejected `invalid-input` for a target or kind that is not there. */
  injectFault(fault: Fault, done: (outcome: Outcome<null>) => void): void;
  /** Prometheus samples of everything behind the gate. */
  metrics(): readonly MetricSample[];
  /** True once every partition is served. */
  isReady(): boolean;
}

/** One fault object of the scenario schema without its time. */
export interface Fault {
  readonly do: "crash" | "hang" | "slow" | "partition" | "flush";
  readonly target?: string; // "worker[0]", "inventory[3]", "cache[*]"
  readonly from?: string;
  readonly to?: string;
  readonly forMs?: number;
  readonly factor?: number;
}

export interface MetricSample {
  readonly name: string; // without the doorbuster_ prefix
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
