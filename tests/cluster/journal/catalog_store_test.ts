import assert from "node:assert/strict";
import { CatalogStore } from "../../../cluster/journal/catalog_store.ts";
import { granted } from "../../permission.ts";
import { catalogContract, FEW, found, product } from "./catalog_contract.ts";
import { TemporaryShop } from "./shop_folder.ts";

const ignore = !granted("read", "write");

for (const { name, products, holds } of catalogContract) {
  Deno.test({
    name: `SQLite catalog: ${name}`,
    ignore,
    async fn() {
      using shop = await TemporaryShop.open();
      const catalog = new CatalogStore(shop.path);
      try {
        catalog.importProducts(products);
        await holds(catalog);
      } finally {
        catalog.close();
      }
    },
  });
}

Deno.test({
  name: "an import is all or nothing, and only into an empty catalog",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    const catalog = new CatalogStore(shop.path);
    const twice = [...FEW, product("22423", "Twin")];
    assert.throws(() => catalog.importProducts(twice), /"22423" comes twice/);
    assert.equal(catalog.isEmpty, true);
    assert.deepEqual(await found(catalog, "cake"), []);
    catalog.importProducts(FEW);
    catalog.close();
    const again = new CatalogStore(shop.path);
    assert.equal(again.isEmpty, false);
    assert.throws(() => again.importProducts([]), TypeError);
    assert.deepEqual(await found(again, "cake"), ["22423", "21843"]);
    again.close();
  },
});

Deno.test({
  name: "a reader's connection finds what was written before its read, and " +
    "cannot write",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    const writer = new CatalogStore(shop.path);
    const readers = [1, 2].map(() =>
      new CatalogStore(shop.path, { readOnly: true })
    );
    try {
      for (const reader of readers) {
        assert.equal(reader.readEntry("22423"), null);
      }
      writer.importProducts(FEW);
      for (const reader of readers) {
        assert.equal(reader.readEntry("22423")?.name, FEW[1]!.name);
        assert.deepEqual(await found(reader, "gift"), ["gift_0001_40"]);
        assert.throws(() => reader.markOpened(), /readonly/);
      }
    } finally {
      for (const store of [writer, ...readers]) store.close();
    }
  },
});
