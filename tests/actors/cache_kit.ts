/**
 * A cache node in a test's hands: the node, its readers, its two sources.
 *
 * @module
 */
import type {
  CacheArgs,
  CachedProduct,
  CacheMessage,
  CacheState,
} from "../../actors/cache_node.ts";
import { cacheNode } from "../../actors/cache_node.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import { failed, ok } from "../../actors/runtime/outcome.ts";
import { BehaviorStep } from "../../actors/runtime/test_kit/behavior_step.ts";

/** A small node that is fresh for a minute and never early or stale. */
export const ARGS: CacheArgs = {
  policy: "lru",
  capacityEntries: 3,
  capacityBytes: 1_000_000,
  ttlMs: 60_000,
  jitterPercent: 10,
  earlyRefreshFactor: 0,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 86_400_000,
  negativeTtlMs: 1_000,
  filterBitsPerKey: 0,
  warm: [],
  shards: 16,
  lowStockUnits: 5,
  catalog: "catalog[0]",
};

/** What a source says that is down. */
export const DOWN = failed("unavailable", 500);

/** A node, a step at a time. */
export type Node = BehaviorStep<CacheState, CacheMessage, CacheArgs>;

/** A node that holds nothing. */
export function startNode(args: Partial<CacheArgs> = {}): Node {
  return new BehaviorStep(cacheNode, { ...ARGS, ...args }, {
    self: "cache[0]",
  });
}

/** Reads a product; undefined: the reader waits. */
export function read(node: Node, sku = "A1", fresh = false) {
  return node.send({ kind: "read_product", sku, fresh });
}

/** Answers the oldest question of that kind. */
export function answer(
  node: Node,
  kind: string,
  outcome: Outcome<unknown>,
): void {
  const asked = node.asked.find((asked) => asked.message.kind === kind);
  if (asked === undefined) throw new Error(`nobody was asked to ${kind}`);
  node.answer(asked, outcome);
}

/** The catalog answers the oldest question to it. */
export function answerText(node: Node, version = 1, sku = "A1"): void {
  const entry = { sku, name: `Lamp "${sku}"`, currency: "GBP", version };
  answer(node, "read_entry", ok(entry));
}

/** Published stock. */
export function stock(version: number, available = 10, sku = "A1") {
  return { sku, available, priceCents: 295, version };
}

/** The shard answers the oldest question to it. */
export function answerStock(
  node: Node,
  version = 1,
  available = 10,
  sku = "A1",
) {
  const more = { held: 0, sold: 0, initial: 0, restocked: 0, removed: 0 };
  const view = { ...stock(version, available, sku), ...more };
  answer(node, "describe", ok(view));
}

/** The shard publishes stock. */
export function publish(
  node: Node,
  version: number,
  available = 10,
  sku = "A1",
) {
  node.tell({
    kind: "stock_published",
    items: [stock(version, available, sku)],
  });
}

/** A node that holds `A1`, text version 1 and stock version 1. */
export function warmNode(args: Partial<CacheArgs> = {}): Node {
  const node = startNode(args);
  read(node);
  answerText(node);
  answerStock(node);
  node.replies.length = 0;
  return node;
}

/** The product in an answer; throws when it is none. */
export function value(
  outcome: Outcome<CachedProduct> | undefined,
): CachedProduct {
  if (outcome?.kind !== "ok") throw new Error(`answered ${outcome?.kind}`);
  return outcome.value;
}

/** Status of each answer so far. */
export function statuses(node: Node): string[] {
  return node.replies.map(({ outcome }) =>
    outcome.kind === "ok"
      ? (outcome.value as CachedProduct | null)?.status ?? "done"
      : "code" in outcome
      ? outcome.code
      : outcome.kind
  );
}
