/**
 * What the shop's actors are told when they start: their share of the
 * configuration. Journaled actors are told the same in every process, so that
 * a snapshot that one wrote fits where another takes over.
 *
 * @module
 */
import type { CacheArgs } from "../actors/cache_node.ts";
import type { InventoryArgs } from "../actors/inventory_shard.ts";
import type { ShardMap } from "../actors/placement.ts";
import type { StorefrontArgs } from "../actors/storefront.ts";
import type { Config } from "./config.ts";

/** Five times a second, as the contract of product reads says. */
const PUBLISH_EVERY_MS = 200;

/**
 * Where a shard of several processes publishes stock: what is told there
 * reaches the cache nodes of all of them.
 */
export const STOCK_BOARD = "stock_board";

/** `name[0]` to `name[count − 1]`. */
export function addresses(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}[${index}]`);
}

/** Of the storefront of a partition. */
export function storefrontArgs(
  { orders }: Pick<Config, "orders">,
  shards: ShardMap,
  partition: number,
): StorefrontArgs {
  return {
    shards,
    partition,
    holdForMs: orders.holdForMs,
    keepKeysMs: orders.keepKeysMs,
    currency: orders.currency,
    paymentGateway: "payment",
  };
}

/** Of every inventory shard; `process` is empty when it is the only one. */
export function inventoryArgs(
  { orders, topology }: Pick<Config, "orders" | "topology">,
  process: string,
): InventoryArgs {
  return {
    limitPerUser: orders.limitPerUser,
    // The same in all processes, so that a snapshot fits in each.
    cacheNodes: process === ""
      ? addresses("cache", topology.cacheNodes)
      : [STOCK_BOARD],
    publishEveryMs: PUBLISH_EVERY_MS,
  };
}

/** Of the cache node of that number, which keeps some of the products. */
export function cacheArgs(
  { cache }: Pick<Config, "cache">,
  shards: ShardMap,
  index: number,
  keeps: (sku: string) => boolean,
): CacheArgs {
  const { near: _, warm, ...ofNode } = cache;
  const own = warm.map(({ skus, ...times }) => {
    return { ...times, skus: skus.filter(keeps) };
  });
  return {
    ...ofNode,
    warm: own.filter(({ skus }) => skus.length > 0),
    shards,
    catalog: `catalog[${index}]`,
  };
}
