/** Catalog and ledger over a real PostgreSQL: their contracts, and more. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { CatalogStore } from "../../../cluster/journal/catalog_store.ts";
import { PostgresCatalog } from "../../../cluster/journal/postgres_catalog.ts";
import { PostgresLedger } from "../../../cluster/journal/postgres_ledger.ts";
import { hostTimers } from "../../../cluster/worker/host_clock.ts";
import { granted } from "../../permission.ts";
import {
  catalogContract,
  FEW,
  found,
  product,
} from "../journal/catalog_contract.ts";
import { ledgerContract } from "../journal/ledger_contract.ts";
import { TemporaryShop } from "../journal/shop_folder.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { PostgresShop } from "./postgres_shop.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

/** Words as products have them, with all that splits or joins them. */
const TEXT = fc.array(
  fc.constantFrom(
    ..."aAbB19éÉöñßØ'’-_./&+£ \t",
    "red",
    "Red-hot",
    "t-shirt",
    "cake",
    "CAKE",
    "n°5",
    "日本",
    "ж",
    "½",
  ),
  { maxLength: 8 },
).map((parts) => parts.join(""));

const catalogClaims: readonly {
  name: string;
  holds: (shop: PostgresShop) => Promise<void>;
}[] = [
  {
    name: "an import is all or nothing, and only into an empty catalog",
    async holds({ store: { catalog } }) {
      assert.equal(await catalog.isEmpty(), true);
      const twice = [...FEW, product("22423", "Twin")];
      await assert.rejects(
        catalog.importProducts(twice),
        /"22423" comes twice/,
      );
      const broken = { ...product("1", "Broken"), units: 0.5 };
      await assert.rejects(catalog.importProducts([...FEW, broken]));
      assert.equal(await catalog.isEmpty(), true);
      assert.deepEqual(await found(catalog, "cake"), []);
      assert.equal(await catalog.importProducts(FEW), true);
      assert.equal(await catalog.isEmpty(), false);
      assert.equal(await catalog.importProducts([]), false);
      assert.deepEqual(await found(catalog, "cake"), ["22423", "21843"]);
    },
  },
  {
    name: "of processes that import at once one does, and all find it",
    async holds(shop) {
      const access = { url: shop.server.url, timers: hostTimers };
      const catalogs = Array.from(
        { length: 4 },
        () => new PostgresCatalog(access),
      );
      const done = await Promise.all(
        catalogs.map((each) => each.importProducts(FEW)),
      );
      assert.deepEqual(done.filter(Boolean), [true]);
      for (const catalog of catalogs) {
        assert.deepEqual(await found(catalog, "gift"), ["gift_0001_40"]);
        await catalog.close();
      }
    },
  },
  {
    name: "that all stock has reached its shards is noted for everybody",
    async holds({ store: { catalog } }) {
      assert.equal(await catalog.isOpened(), false);
      await catalog.markOpened();
      assert.equal(await catalog.isOpened(), true);
    },
  },
  {
    name: "a search finds what SQLite's finds",
    async holds(shop) {
      const names = fc.sample(TEXT, { numRuns: 300, seed: 7 });
      const products = names.map((name, index) =>
        product(`sku_${index}`, name === "" ? "?" : name)
      );
      using folder = await TemporaryShop.open();
      const sqlite = new CatalogStore(folder.path);
      try {
        sqlite.importProducts(products);
        const { catalog } = shop.store;
        await catalog.importProducts(products);
        await fc.assert(
          fc.asyncProperty(TEXT, async (query) => {
            assert.deepEqual(
              await catalog.search(query, 50),
              sqlite.search(query, 50),
            );
          }),
          { numRuns: 300 },
        );
      } finally {
        sqlite.close();
      }
    },
  },
  {
    name: "a connection that was lost is made anew",
    async holds(shop) {
      await using proxy = new TcpProxy(shop.server.port);
      const url = shop.server.url.replace(
        `:${shop.server.port}`,
        `:${proxy.port}`,
      );
      const catalog = new PostgresCatalog({ url, timers: hostTimers });
      await catalog.importProducts(FEW);
      proxy.weather = { kind: "cut", after: "22423" };
      await assert.rejects(async () => {
        // The first one only asks for the statement's types.
        await catalog.readEntry("21843");
        await catalog.readEntry("22423");
      });
      assert.notEqual(await catalog.readEntry("22423"), null);
      await catalog.close();
    },
  },
];

// G106
Deno.test({
  name: "a catalog and a ledger over PostgreSQL",
  ignore,
  async fn(test) {
    await using shop = await PostgresShop.open();
    for (const { name, products, holds } of catalogContract) {
      await test.step(`catalog: ${name}`, async () => {
        await shop.empty();
        await shop.store.catalog.importProducts(products);
        await holds(shop.store.catalog);
      });
    }
    for (const { name, holds } of catalogClaims) {
      await test.step(`catalog: ${name}`, async () => {
        await shop.empty();
        await holds(shop);
      });
    }
    for (const { name, holds } of ledgerContract) {
      await test.step(`ledger: ${name}`, async () => {
        await shop.empty();
        const access = { url: shop.server.url, timers: hostTimers };
        let ledger = new PostgresLedger(access);
        await holds({
          ledger,
          async reopen() {
            await ledger.close();
            return ledger = new PostgresLedger(access);
          },
        });
        await ledger.close();
      });
    }
  },
});
