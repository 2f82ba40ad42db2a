/**
 * What a cache node knows: what it was told, what it holds, what it is filling
 * and for whom. Plain data; `fill.ts` and `cache_node.ts` work on it.
 *
 * @module
 */
import type { Answered, Asker } from "../runtime/actor.ts";
import type { CatalogEntry, CatalogRef } from "../catalog.ts";
import type { StockView } from "../inventory_shard.ts";
import type { ShardMap } from "../placement.ts";
import type { Absence } from "./absence.ts";
import type { BoundedMap, EvictionName } from "./bounded_map.ts";
import type { CacheEntry, PublishedStock } from "./entry.ts";

/** Products that are kept warm from one wall time to another. */
export interface WarmWindow {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly skus: readonly string[];
}

/** What the topology tells a cache node. */
export interface CacheArgs {
  /** Who goes first when it is full. */
  readonly policy: EvictionName;
  /** Products held at most, and what they may take of memory. */
  readonly capacityEntries: number;
  readonly capacityBytes: number;
  /** How long an entry is fresh, on average. */
  readonly ttlMs: number;
  /** TTL = ttlMs · (1 − j + 2j·u), j = jitterPercent / 100, 0 ≤ u < 1. */
  readonly jitterPercent: number;
  /** XFetch's beta: the larger, the earlier; 0: never before it expires. */
  readonly earlyRefreshFactor: number;
  /** An entry that expired less long ago is served while it is filled. */
  readonly staleWhileRevalidateMs: number;
  /** An entry that expired less long ago is served when no fill succeeds. */
  readonly staleIfErrorMs: number;
  /** "No such product" is remembered this long. */
  readonly negativeTtlMs: number;
  /** Bits for each SKU in the filter of those that exist; 0: no filter. */
  readonly filterBitsPerKey: number;
  /** What of this node's products is kept warm, and when. */
  readonly warm: readonly WarmWindow[];
  /** Which inventory shard keeps a SKU. */
  readonly shards: ShardMap;
  /** Up to this many units left, the stock is `low`. */
  readonly lowStockUnits: number;
  readonly catalog: CatalogRef;
}

/** Which fill an answer belongs to. */
export interface AboutFill {
  readonly sku: string;
  readonly fill: number;
}

/** The answers that a fill awaits. */
export type FillAnswer =
  | Answered<"entry_read", CatalogEntry, AboutFill>
  | Answered<"stock_described", StockView, AboutFill>;

/** Who waits for a fill. */
export interface Waiter {
  readonly asker: Asker;
  /** What a warmer is told when it is done; null: it is a reader. */
  readonly warmed: Warmed | null;
}

/** The product is held now. */
export interface Warmed {
  /** So it was before. */
  readonly wasHeld: boolean;
}

/** The versions of what was dropped: what is older is not taken. */
export interface Floor {
  readonly text: number;
  readonly stock: number;
}

/** A fill under way. */
export interface Fill {
  readonly sku: string;
  /** Tells its answers from those to an earlier question. */
  number: number;
  sentAtMs: number;
  /** How often a source said what is older than what was dropped. */
  refusals: number;
  text: CatalogEntry | null;
  /** The newest stock heard of, described by the shard or published. */
  stock: PublishedStock | null;
  isDescribed: boolean;
  /** Whom its answer serves. */
  waiters: Waiter[];
  /** Who wants an answer read later than this fill was sent. */
  later: Waiter[];
}

/** All that a cache node knows. */
export interface CacheState {
  readonly args: CacheArgs;
  readonly entries: BoundedMap<CacheEntry>;
  /** What is known not to exist. */
  readonly absence: Absence;
  /** What was dropped of late. */
  readonly floors: BoundedMap<Floor>;
  /** The fill under way, by SKU. */
  readonly fills: Map<string, Fill>;
  /** Who waits, over all fills. */
  waiting: number;
  /** The number of the last question sent. */
  lastFill: number;
}
