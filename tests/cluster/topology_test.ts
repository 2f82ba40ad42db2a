/**
 * The shop as data: what runs where, and which actor a key belongs to.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { addressOf, partitionOf } from "../../actors/placement.ts";
import { readConfig } from "../../cluster/config.ts";
import {
  type ActorPlan,
  planShop,
  type ShopPlan,
  Topology,
} from "../../cluster/topology.ts";

/** Written down once; other answers would strand orders and stock. */
const GOLDEN = [
  "storefront[14]",
  "storefront[4]",
  "inventory[15]",
  "inventory[9]",
  "cache[0]",
  "cache[0]",
  "accounts[2]",
];

/** The plan of a config file with this topology section. */
function plan(topology: Record<string, unknown> = {}): ShopPlan {
  const text = JSON.stringify({ topology });
  const config = readConfig({ SHOP_CONFIG: "shop.json" }, () => text);
  return planShop(config, config.topology.partitions);
}

/** The actors of a kind, by domain. */
function byDomain({ actors }: ShopPlan, kind: ActorPlan["kind"]) {
  const chosen = actors.filter((actor) => actor.kind === kind);
  return Map.groupBy(chosen, (actor) => actor.domain);
}

function names({ domains }: ShopPlan): string[] {
  return domains.map(({ name }) => name);
}

Deno.test("planShop() by default makes two shop workers and two cache nodes", () => {
  const shop = plan();
  assert.deepEqual(names(shop).toSorted(), [
    ...["cache-0", "cache-1", "main", "worker-0", "worker-1"],
  ]);
  assert.equal(names(shop)[0], "main");
  assert.equal(shop.actors.length, 16 + 16 + 4 + 2);
  for (const kind of ["storefront", "inventory_shard", "accounts"] as const) {
    const shares = byDomain(shop, kind);
    assert.deepEqual([...shares.keys()].toSorted(), ["worker-0", "worker-1"]);
    const [one, other] = [...shares.values()];
    assert.equal(one!.length, other!.length, kind);
  }
});

for (const shopWorkers of [1, 2, 3, 5, 8]) {
  Deno.test(`planShop() gives ${shopWorkers} workers an even share of each kind`, () => {
    const shop = plan({ shopWorkers });
    for (const kind of ["storefront", "inventory_shard"] as const) {
      for (const share of byDomain(shop, kind).values()) {
        assert.ok(share.length <= Math.ceil(16 / shopWorkers));
      }
    }
  });
}

Deno.test("planShop() moves few partitions when a third worker joins", () => {
  const [two, three] = [plan({ shopWorkers: 2 }), plan({ shopWorkers: 3 })];
  const [before, after] = [new Topology(two), new Topology(three)];
  const moved = two.actors.filter(({ address, journaled }) =>
    journaled && before.locate(address) !== after.locate(address)
  );
  // A third of 36 is 12; even shares cost a little more.
  assert.ok(moved.length <= 15, `${moved.length}`);
});

Deno.test("planShop() spread gives every actor a worker of its own", () => {
  const shop = plan({ placement: "spread" });
  const domains = shop.actors.map(({ domain }) => domain);
  assert.equal(new Set(domains).size, shop.actors.length);
  assert.equal(domains.includes("main"), false);
});

Deno.test("planShop() inline runs everything in the main thread", () => {
  const shop = plan({ placement: "inline" });
  assert.deepEqual(shop.domains, [{ name: "main", role: "main" }]);
  for (const { domain } of [...shop.actors, ...shop.gateways]) {
    assert.equal(domain, "main");
  }
});

Deno.test("planShop() puts a catalog beside each cache node and the rest in main", () => {
  const shop = plan();
  const topology = new Topology(shop);
  const gateways = shop.gateways.map(({ address, domain }) =>
    `${address} ${domain}`
  );
  assert.deepEqual(gateways, [
    ...["payment main", "password main"],
    ...["catalog[0] cache-0", "catalog[1] cache-1"],
  ]);
  for (const actor of shop.actors) {
    if (actor.kind !== "cache_node") continue;
    assert.equal(topology.locate(actor.args.catalog), actor.domain);
  }
});

Deno.test("planShop() gives actors what the config says", () => {
  const text = JSON.stringify({
    orders: { holdFor: "30s", limitPerUser: 2 },
    cache: { lowStock: 9 },
    topology: { restart: { maxRestarts: 3, period: "7s" }, cacheNodes: 1 },
  });
  const config = readConfig({ SHOP_CONFIG: "shop.json" }, () => text);
  const { actors } = planShop(config, config.topology.partitions);
  const find = (address: string) =>
    actors.find((actor) => actor.address === address)!;
  assert.deepEqual(find("storefront[3]").args, {
    ...{ shards: 16, partition: 3, holdForMs: 30_000, keepKeysMs: 86_400_000 },
    ...{ currency: "GBP", paymentGateway: "payment" },
  });
  assert.deepEqual(find("inventory[0]").args, {
    ...{ limitPerUser: 2, cacheNodes: ["cache[0]"], publishEveryMs: 200 },
  });
  assert.deepEqual(find("cache[0]").args, {
    ...{ policy: "sieve", capacityEntries: 10_000, capacityBytes: 2 ** 26 },
    ...{ ttlMs: 60_000, jitterPercent: 10, earlyRefreshFactor: 1 },
    ...{ staleWhileRevalidateMs: 5_000, staleIfErrorMs: 86_400_000 },
    ...{ negativeTtlMs: 5_000, filterBitsPerKey: 10 },
    ...{ lowStockUnits: 9, shards: 16, warm: [] },
    catalog: "catalog[0]",
  });
  assert.deepEqual(find("accounts[1]").args, {
    ...{ partition: 1, passwordGateway: "password" },
    ...{ maxFailures: 5, failureWindowMs: 900_000 },
  });
  assert.deepEqual(find("accounts[1]").supervision, {
    ...{ maxRestarts: 3, periodMs: 7_000 },
    ...{ backoffMinMs: 100, backoffMaxMs: 5_000 },
  });
  assert.equal(find("accounts[1]").journaled, true);
  assert.equal(find("cache[0]").journaled, false);
});

Deno.test("planShop() counts partitions as the store does, not as the config", () => {
  const config = readConfig({}, () => "");
  const counts = { storefront: 3, inventory: 5, accounts: 1 };
  const shop = planShop(config, counts);
  const topology = new Topology(shop);
  assert.equal(shop.actors.length, 3 + 5 + 1 + 2);
  assert.equal(topology.storefront(2), "storefront[2]");
  assert.equal(topology.storefront(3), undefined);
});

Deno.test("planShop() is plain data that a worker gets whole", () => {
  const shop = plan();
  assert.deepEqual(structuredClone(shop), shop);
  assert.deepEqual(JSON.parse(JSON.stringify(shop)), shop);
});

// G25
Deno.test("Topology routes keys alike in every process and release", () => {
  const topology = new Topology(plan());
  assert.deepEqual([
    ...["ann", "bob"].map((user) => topology.storefrontOf(user)),
    ...["22423", "85123A"].map((sku) => topology.inventoryOf(sku)),
    ...["22423", "85123A"].map((sku) => topology.cacheNodeOf(sku)),
    topology.accountsOf("ann"),
  ], GOLDEN);
});

/** Ranges that have their inner borders at these SKUs, in any order. */
function rangesAt(borders: readonly string[], order: readonly number[]) {
  const froms = ["", ...borders.toSorted()];
  return order.map((place) => ({
    from: froms[place],
    to: froms[place + 1] ?? null,
    partition: (place + 1) % froms.length,
  }));
}

// G25
Deno.test("row 56: by range each SKU is in the partition whose range holds it, for the gate, storefronts and cache nodes alike", () => {
  // Of these, code units and code points put the last two in another order.
  const unit = fc.constantFrom("0", "A", "Z", "a", "\u{ffff}", "\u{10000}");
  const anySku = fc.string({ minLength: 1, maxLength: 3, unit });
  const anyMap = fc.uniqueArray(anySku, { maxLength: 6 }).chain((borders) => {
    const places = [0, ...borders.map((_, index) => index + 1)];
    return fc.shuffledSubarray(places, { minLength: places.length })
      .map((order) => rangesAt(borders, order));
  });
  fc.assert(
    fc.property(anyMap, fc.array(anySku), (ranges, skus) => {
      const shop = plan({
        partitions: { storefront: 1, inventory: ranges.length, accounts: 1 },
        ...{ shopWorkers: 1, cacheNodes: 1, virtualNodes: 1 },
        stock: { router: "range", ranges },
      });
      const topology = new Topology(structuredClone(shop));
      const shards = shop.actors.flatMap((actor) =>
        actor.kind === "storefront" || actor.kind === "cache_node"
          ? [actor.args.shards]
          : []
      );
      assert.ok(shards.length >= 2);
      const borders = ranges.map(({ from }) => from!).filter((sku) =>
        sku !== ""
      );
      for (const sku of [...skus, ...borders]) {
        const holding = ranges.filter(({ from, to }) =>
          from! <= sku && (to === null || sku < to)
        );
        assert.equal(holding.length, 1);
        const address = addressOf("inventory", holding[0]!.partition);
        assert.equal(topology.inventoryOf(sku), address);
        for (const map of shards) {
          assert.equal(addressOf("inventory", partitionOf(sku, map)), address);
        }
      }
    }),
  );
});

Deno.test("Topology.accountsOf() ignores the case of a name", () => {
  const topology = new Topology(plan());
  assert.equal(topology.accountsOf("Ann.Lee"), topology.accountsOf("ann.lee"));
});

Deno.test("Topology spreads products over the cache nodes", () => {
  const topology = new Topology(plan());
  const skus = Array.from({ length: 10_000 }, (_, index) => `sku-${index}`);
  const first = skus.filter((sku) => topology.cacheNodeOf(sku) === "cache[0]");
  assert.ok(Math.abs(first.length / skus.length - 0.5) < 0.1);
});

Deno.test("Topology.locate() does not know an address that is not there", () => {
  const topology = new Topology(plan());
  assert.equal(topology.locate("storefront[16]"), undefined);
  assert.equal(topology.locate("__proto__"), undefined);
});

Deno.test("planShop() gives each catalog reader a thread, and each cache node a gateway to them", () => {
  const { domains, gateways } = plan({ catalogReaders: 2, cacheNodes: 1 });
  const readers = domains.filter(({ role }) => role === "reader");
  assert.deepEqual(readers.map(({ name }) => name), ["reader-0", "reader-1"]);
  const catalog = gateways.filter(({ kind }) => kind.startsWith("catalog"));
  assert.deepEqual(
    catalog.map(({ address, kind, domain }) => [address, kind, domain]),
    [
      ["catalog[0]", "catalog_pool", "cache-0"],
      ["catalog_reader[0]", "catalog", "reader-0"],
      ["catalog_reader[1]", "catalog", "reader-1"],
    ],
  );
});

Deno.test("planShop() has each product warmed by the cache node that keeps it, and by no other", () => {
  const skus = Array.from({ length: 200 }, (_, index) => `P${index}`);
  const times = { from: "2026-11-11T00:00:00Z", until: "2026-11-12T00:00:00Z" };
  const text = JSON.stringify({
    topology: { cacheNodes: 3 },
    cache: { warm: [{ ...times, skus }, { ...times, skus: ["P7"] }] },
  });
  const config = readConfig({ SHOP_CONFIG: "shop.json" }, () => text);
  const shop = planShop(config, config.topology.partitions);
  const topology = new Topology(shop);
  const warmed: string[] = [];
  let windows = 0;
  for (const { kind, address, args } of shop.actors) {
    if (kind !== "cache_node") continue;
    windows += args.warm.length;
    for (const sku of args.warm[0]!.skus) {
      assert.equal(topology.cacheNodeOf(sku), address);
      warmed.push(sku);
    }
  }
  assert.deepEqual(warmed.toSorted(), skus.toSorted());
  assert.equal(windows, 4);
});
