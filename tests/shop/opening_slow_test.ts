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

/** A moment of the start: the `count`th change of a file once `isDue`. */
interface Moment {
  readonly file: RegExp;
  readonly count: number;
  readonly isDue: (shop: ShopProcess) => boolean;
}

/** Two shop workers and two cache nodes run: now stock is opened. */
function hasWorkers({ logged }: ShopProcess): boolean {
  return logged.filter(({ text }) => text === "worker ready").length === 4;
}

const JOURNAL = /journal-worker-\d\.sqlite-wal/;
const MOMENTS: readonly Moment[] = [
  { file: /catalog\.sqlite/, count: 3, isDue: () => true },
  { file: JOURNAL, count: 1, isDue: hasWorkers },
  { file: JOURNAL, count: 4, isDue: hasWorkers },
];

async function killAt(
  { file, count, isDue }: Moment,
  shop: ShopProcess,
  folder: string,
): Promise<void> {
  let changes = 0;
  using watcher = Deno.watchFs(folder);
  // A shop that is ready changes nothing more, so nobody would wake us.
  shop.url.then(() => watcher.close(), () => {});
  for await (const { paths } of watcher) {
    if (isDue(shop) && paths.some((path) => file.test(path))) changes++;
    if (changes === count) break;
  }
  await shop.kill();
  assert.equal(changes, count, "the import was over before");
}

Deno.test({
  name: "kill -9 anywhere in the opening import of 100,000 products leaves " +
    "nothing out and opens nothing twice",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    Deno.mkdirSync(stage.dataFolder);
    for (const moment of MOMENTS) {
      await using shop = stage.start();
      await killAt(moment, shop, stage.dataFolder);
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
