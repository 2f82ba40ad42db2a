/** `deno task archive` on a real store, and the shop that starts on it. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { journalPaths } from "../../cluster/journal/journal_file.ts";
import {
  CONFIG,
  expectLimits,
  expectOrders,
  HUNDRED_DAYS_MS,
  PRODUCTS,
  recoveredEvents,
  sell,
} from "./archived_sale.ts";
import type { Purchase } from "./purchase.ts";
import { refusal, run } from "./serve_command.ts";
import { LACKS_PROCESSES, Stage } from "./stage.ts";
import { StartupFolder } from "./startup_folder.ts";

/** A period that has all that was written long ago. */
const AGED = {
  periods: [{
    name: "aged",
    from: new Date(Date.now() - 2 * HUNDRED_DAYS_MS).toISOString(),
    to: new Date().toISOString(),
  }],
};

/** As if all of it had been written long ago. */
function age(dataFolder: string): void {
  for (const path of journalPaths(dataFolder)) {
    const database = new DatabaseSync(path);
    database.exec(`
      UPDATE events SET written_at_ms = written_at_ms - ${HUNDRED_DAYS_MS}`);
    database.close();
  }
}

Deno.test({
  name: "G92 after an archive the shop has the same stock, limits and open " +
    "orders, starts from fewer events, and prints what went",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(PRODUCTS);
    const environment = { DATA_DIR: stage.dataFolder };
    let purchases: readonly Purchase[];
    let stock: unknown;
    {
      await using shop = stage.start(CONFIG);
      using client = await stage.connect(shop);
      purchases = await sell(client);
      stock = await client.auditAll();
      const during = await run(environment, [], "archive");
      assert.match(refusal(during), /process \d+ holding it/);
      await shop.stop();
    }
    age(stage.dataFolder);
    let eventsBefore: number;
    {
      await using shop = stage.start(CONFIG);
      await shop.url;
      eventsBefore = recoveredEvents(shop);
      await shop.stop();
    }
    const filing = `${stage.folder}/filing.json`;
    Deno.writeTextFileSync(filing, JSON.stringify({ archive: AGED }));
    const { code, stdout, stderr } = await run(
      { ...environment, SHOP_CONFIG: filing },
      [],
      "archive",
    );
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^archived archive-\w+-aged\.sqlite before=\S+ partitions=/,
    );

    await using shop = stage.start(CONFIG);
    using client = await stage.connect(shop);
    assert.deepEqual(await client.auditAll(), stock);
    const eventsAfter = recoveredEvents(shop);
    assert(eventsAfter * 2 < eventsBefore, `${eventsBefore}..${eventsAfter}`);
    await expectOrders(client, purchases);
    await expectLimits(client, purchases);
    const [gone] = purchases.filter(({ wish }) => wish === "pay");
    const history = await run(environment, [gone!.order!.id], "journal");
    assert.match(history.stdout, /order_placed[^]*order_paid/);
  },
});

Deno.test({
  name: "G33 archive says in one line what is wrong, and makes nothing",
  ignore: LACKS_PROCESSES,
  async fn() {
    using folder = new StartupFolder();
    const { environment } = folder;
    const calls = [
      [["--older-than", "1d"], /expected a duration from "3d".*found "1d"/],
      [["--older-than", "soon"], /expected a duration.*found "soon"/],
      [["all"], /^Expected \[--older-than TIME\], found/],
      [[], /store\.sqlite": expected/],
    ] as const;
    await Promise.all(calls.map(async ([args, says]) => {
      assert.match(refusal(await run(environment, args, "archive")), says);
    }));
    const config = folder.write("c.json", `{"orders": {"keepKeysFor": "5d"}}`);
    const longer = { ...environment, SHOP_CONFIG: config };
    const args = ["--older-than", "10d"];
    assert.match(
      refusal(await run(longer, args, "archive")),
      /from "11d"/,
    );
    const filed = folder.write("f.json", JSON.stringify({ archive: AGED }));
    // Nobody is asked there.
    const DATABASE_URL = "postgres://shop@127.0.0.1:1/shop";
    const filing = { ...environment, DATABASE_URL, SHOP_CONFIG: filed };
    assert.match(
      refusal(await run(filing, [], "archive")),
      /f\.json: archive\.periods: expected none for a database, /,
    );
    assert.deepEqual(folder.names(), ["c.json", "catalog.csv", "f.json"]);
  },
});
