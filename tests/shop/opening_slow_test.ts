/** The opening import of a big catalog, killed wherever it may be. */
import assert from "node:assert/strict";
import { expectEquation } from "./bookkeeping.ts";
import { LACKS_PROCESSES, type Product, Stage } from "./stage.ts";
import type { ShopProcess } from "./shop_process.ts";

/** Units that differ from product to product tell a mix-up. */
const CATALOG: readonly Product[] = Array.from(
  { length: 100_000 },
  (_, index) => ({ sku: `sku-${index}`, units: 1 + index % 97 }),
);

/** Kills the shop at the `count`th change of a file whose path matches. */
async function killAtChange(
  shop: ShopProcess,
  folder: string,
  file: RegExp,
  count: number,
): Promise<void> {
  let changes = 0;
  using watcher = Deno.watchFs(folder);
  for await (const { paths } of watcher) {
    if (paths.some((path) => file.test(path))) changes++;
    if (changes === count) break;
  }
  await shop.kill();
  assert(!shop.written.includes("ready "), "the import was over already");
}

Deno.test({
  name: "kill -9 anywhere in the opening import of 100,000 products leaves " +
    "nothing out and opens nothing twice",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    Deno.mkdirSync(stage.dataFolder);
    const moments = [
      // While the catalog itself is filled.
      [/catalog\.sqlite/, 3],
      // While the shards are told their stock.
      [/journal-worker-\d\.sqlite-wal/, 6],
      [/journal-worker-\d\.sqlite-wal/, 9],
    ] as const;
    for (const [file, count] of moments) {
      await using shop = stage.start();
      await killAtChange(shop, stage.dataFolder, file, count);
    }
    await using shop = stage.start();
    using client = await stage.connect(shop);
    const { totals, bySku, violations } = await client.auditAll();
    assert.deepEqual(violations, []);
    assert.equal(bySku.size, CATALOG.length);
    let units = 0;
    for (const product of CATALOG) {
      const stock = bySku.get(product.sku)!;
      expectEquation(product.sku, stock);
      assert.equal(stock.initial, product.units);
      assert.equal(stock.available, product.units);
      units += product.units;
    }
    assert.equal(totals.available, units);
  },
});
