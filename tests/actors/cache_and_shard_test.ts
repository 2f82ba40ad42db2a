/**
 * A cache node and its shard under the stepping host: whatever the order of
 * deliveries and wherever the power goes, no reader's versions go back, and
 * soon after the last change the node says what the shard says.
 *
 * @module
 */
import { equal, ok as isTrue } from "node:assert/strict";
import type { CachedProduct, CacheMessage } from "../../actors/cache_node.ts";
import { cacheNode } from "../../actors/cache_node.ts";
import type { InventoryMessage } from "../../actors/inventory_shard.ts";
import { inventoryShard } from "../../actors/inventory_shard.ts";
import type { ActorSpec } from "../../actors/runtime/cell.ts";
import { ok } from "../../actors/runtime/outcome.ts";
import type {
  Awaited,
  CrashPoint,
} from "../../actors/runtime/test_kit/stepping_host.ts";
import { SteppingHost } from "../../actors/runtime/test_kit/stepping_host.ts";

const CACHE: ActorSpec = {
  address: "cache[0]",
  behavior: cacheNode,
  args: {
    policy: "lru",
    capacityEntries: 10,
    capacityBytes: 1_000_000,
    ttlMs: 300,
    jitterPercent: 10,
    earlyRefreshFactor: 1,
    staleWhileRevalidateMs: 100,
    staleIfErrorMs: 10_000,
    negativeTtlMs: 100,
    filterBitsPerKey: 0,
    warm: [],
    shards: 1,
    lowStockUnits: 5,
    catalog: "catalog[0]",
  },
  journaled: false,
  restart: {
    maxRestarts: 5,
    periodMs: 10_000,
    backoffMinMs: 10,
    backoffMaxMs: 100,
  },
  mailboxCapacity: 1_000,
};

const SHARD: ActorSpec = {
  ...CACHE,
  address: "inventory[0]",
  behavior: inventoryShard,
  args: { limitPerUser: null, cacheNodes: ["cache[0]"], publishEveryMs: 200 },
  journaled: true,
};

const TEXT = { sku: "A1", name: "Lamp", currency: "GBP", version: 1 };

function startHost(seed: number, crashAt?: CrashPoint): SteppingHost {
  const host = new SteppingHost({
    seed,
    domains: [
      { name: "worker-0", actors: [SHARD] },
      { name: "cache-0", actors: [CACHE] },
    ],
    gateways: { "catalog[0]": () => ok(TEXT) },
    ...(crashAt && { crashAt }),
  });
  const items = [{ sku: "A1", units: 1_000, priceCents: 295 }];
  host.settle(askShard(host, { kind: "open_stock", items }));
  return host;
}

function askShard(host: SteppingHost, message: InventoryMessage): Awaited {
  return host.ask("inventory[0]", message);
}

function askCache(host: SteppingHost, message: CacheMessage): Awaited {
  return host.ask("cache[0]", message);
}

function read(host: SteppingHost): Awaited {
  return askCache(host, { kind: "read_product", sku: "A1" });
}

/** What was answered; null when it could not be read. */
function seen({ outcome }: Awaited): CachedProduct | null {
  return outcome?.kind === "ok" ? outcome.value as CachedProduct : null;
}

/** The versions of one client's reads, while stock changes around them. */
function versionsSeen(host: SteppingHost): number[] {
  const versions: number[] = [];
  for (let round = 0; round < 10; round++) {
    // After a quiet time stock is published at once, so it and the answers to
    // fresh reads overtake one another in the node's lanes.
    host.runUntil(host.nowMs + 210);
    const answers: Awaited[] = [];
    for (let step = 0; step < 6; step++) {
      askShard(host, { kind: "adjust", sku: "A1", add: -1 });
      askCache(host, { kind: "read_product", sku: "A1", fresh: true });
      answers.push(read(host));
    }
    host.settle(...answers);
    for (const answer of answers) {
      versions.push(seen(answer)?.version ?? versions.at(-1) ?? 0);
    }
  }
  return versions;
}

function expectCoherence(host: SteppingHost): void {
  const versions = versionsSeen(host);
  isTrue(Math.max(...versions) > 0, "somebody could read");
  equal(String(versions), String(versions.toSorted((a, b) => a - b)));
  host.runUntil(host.nowMs + 1_500);
  const cached = read(host);
  const described = askShard(host, { kind: "describe", sku: "A1" });
  host.settle(cached, described);
  const stock = described.outcome;
  isTrue(stock?.kind === "ok");
  const { available } = stock.value as { available: number };
  equal(JSON.parse(seen(cached)?.body ?? "{}").available, available);
}

// G27
Deno.test("a reader's versions never go back, in any order of delivery", () => {
  for (let seed = 1; seed <= 40; seed++) expectCoherence(startHost(seed));
});

Deno.test("a shard that loses its power takes no version back", () => {
  for (let seed = 1; seed <= 20; seed++) {
    for (const side of ["before", "after"] as const) {
      const host = startHost(seed, { commit: 2 + seed % 5, side });
      expectCoherence(host);
      equal(host.losses, 1);
    }
  }
});

Deno.test("stock published while nobody fills reaches the node in 250 ms", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const host = startHost(seed);
    host.settle(read(host));
    const adjusted = askShard(host, {
      kind: "adjust",
      sku: "A1",
      add: -7,
    });
    host.settle(adjusted);
    host.runUntil(host.nowMs + 250);
    const look = askCache(host, { kind: "look", sku: "A1" });
    host.settle(look);
    const { entry } = (look.outcome as { value: { entry: CachedProduct } })
      .value;
    equal(JSON.parse(entry.body).available, 993);
  }
});
