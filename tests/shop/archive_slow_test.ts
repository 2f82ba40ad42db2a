/** `deno task archive` on a real store, and the shop that starts on it. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { journalPaths } from "../../cluster/journal/journal_file.ts";
import { carryOut, newPurchase, type Purchase } from "./purchase.ts";
import { refusal, run } from "./serve_command.ts";
import type { ShopClient } from "./shop_client.ts";
import type { ShopProcess } from "./shop_process.ts";
import { LACKS_PROCESSES, products, Stage } from "./stage.ts";
import { StartupFolder } from "./startup_folder.ts";

const CONFIG = { orders: { limitPerUser: 3 } };
const HUNDRED_DAYS_MS = 100 * 86_400_000;

/** Twenty buyers of every wish; whose wish is `keep` is not over. */
async function sell(client: ShopClient): Promise<Purchase[]> {
  const wishes = ["pay", "cancel", "pay", "keep"] as const;
  const purchases = Array.from({ length: 40 }, (_, index) =>
    newPurchase({
      user: `buyer-${index % 20}`,
      key: `key-${index}`,
      lines: [
        { sku: `cup-${index % 20 % 3}`, quantity: 1 },
        { sku: `pan-${index % 20 % 2}`, quantity: 1 },
      ],
      wish: wishes[index % 4]!,
    }));
  for (const purchase of purchases) await carryOut(client, purchase);
  return purchases;
}

/** As if all of it had been written long ago. */
function age(dataFolder: string): void {
  for (const path of journalPaths(dataFolder)) {
    const database = new DatabaseSync(path);
    database.exec(`
      UPDATE events SET written_at_ms = written_at_ms - ${HUNDRED_DAYS_MS}`);
    database.close();
  }
}

function recoveredEvents({ logged }: ShopProcess): number {
  return logged.filter(({ text }) => text === "journal recovered")
    .reduce((sum, line) => sum + Number(line.events), 0);
}

Deno.test({
  name: "G92 after an archive the shop has the same stock, limits and open " +
    "orders, starts from fewer events, and prints what went",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage([
      ...products("cup", 3, 99),
      ...products("pan", 2, 99),
    ]);
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
    const { code, stdout, stderr } = await run(environment, [], "archive");
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^archived archive-\S+\.sqlite before=\S+ partitions=/,
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

/** Orders that were over are not found; the others are as they were. */
async function expectOrders(
  client: ShopClient,
  purchases: readonly Purchase[],
): Promise<void> {
  for (const { user, key, lines, wish, order } of purchases) {
    const found = await client.readOrder(user, order!.id);
    if (wish === "keep") {
      assert.deepEqual(found.body, order);
      const again = await client.placeOrder(user, key, lines);
      assert(again.problem === null && again.replayed);
      assert.deepEqual(again.body, order);
    } else assert.equal(found.problem?.code, "not-found");
  }
  const open = purchases.filter(({ wish }) => wish === "keep");
  for (const { user } of open) {
    const ids = (await client.listOrders(user)).map(({ id }) => id);
    const own = open.filter((purchase) => purchase.user === user);
    assert.deepEqual(ids.sort(), own.map(({ order }) => order!.id).sort());
  }
}

/** Who bought two of three may buy one more; its id is a new one. */
async function expectLimits(
  client: ShopClient,
  purchases: readonly Purchase[],
): Promise<void> {
  const { user, lines } = purchases.find(({ wish }) => wish === "pay")!;
  const [line] = lines;
  const two = [{ ...line!, quantity: 2 }];
  const refused = await client.placeOrder(user, "more", two);
  assert.equal(refused.problem?.code, "purchase-limit");
  const placed = await client.placeOrder(user, "one-more", [line!]);
  assert(placed.problem === null);
  const ids = purchases.map(({ order }) => numberOf(order!.id));
  assert(!ids.includes(numberOf(placed.body.id)));
}

/** An order id without its random end. */
function numberOf(orderId: string): string {
  return orderId.slice(0, orderId.lastIndexOf("-"));
}

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
    assert.deepEqual(folder.names(), ["c.json", "catalog.csv"]);
  },
});
