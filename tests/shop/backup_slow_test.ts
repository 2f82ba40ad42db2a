/** `deno task backup` beside a shop that sells, and `deno task restore`. */
import assert from "node:assert/strict";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { PaymentLedger } from "../../cluster/journal/payment_ledger.ts";
import {
  expectAnswersKept,
  expectOneOrderForEachKey,
  expectStockOfOrders,
  ordersOf,
} from "./bookkeeping.ts";
import { carryOut, newPurchase, type Purchase } from "./purchase.ts";
import { refusal, run } from "./serve_command.ts";
import { ConnectionLost, type ShopClient } from "./shop_client.ts";
import {
  eventually,
  LACKS_PROCESSES,
  type Product,
  products,
  Stage,
} from "./stage.ts";
import { StartupFolder } from "./startup_folder.ts";

const BUYERS = 40;
/** Purchases before the backup begins, and after it has ended. */
const BEFORE = 400;
const AFTER = 100;
/** A payment that was cut off is asked after within this time. */
const SETTLED_WITHIN_MS = 15_000;

const CATALOG: readonly Product[] = [
  ...products("plenty", 40, 5_000),
  ...products("scarce", 10, 25),
];

/** Buyers who go on until the shop is gone. */
class Rush {
  readonly purchases: Purchase[] = [];
  readonly #ended: Promise<unknown>;
  #done = 0;
  #wanted = Infinity;
  #reached: () => void = () => {};

  constructor(client: ShopClient, seed: number) {
    const buyers = Array.from({ length: BUYERS }, (_, index) => {
      const user = `buyer-${index}`;
      return this.#buy(client, user, new SeededRandom(seed, user));
    });
    this.#ended = Promise.all(buyers);
  }

  /** Resolves when so many more purchases are done. */
  more(count: number): Promise<void> {
    this.#wanted = this.#done + count;
    return new Promise((resolve) => this.#reached = resolve);
  }

  /** What everybody has been told so far. */
  told(): readonly Purchase[] {
    return this.purchases.map((purchase) => ({ ...purchase }));
  }

  /** Resolves when the last buyer has noticed that the shop is gone. */
  async end(): Promise<void> {
    await this.#ended;
  }

  async #buy(client: ShopClient, user: string, random: SeededRandom) {
    try {
      for (let number = 1;; number++) {
        const wishes = ["keep", "pay", "pay", "cancel"] as const;
        const purchase = newPurchase({
          user,
          key: `${user}-${number}`,
          lines: drawLines(random),
          wish: wishes[random.below(4)]!,
        });
        this.purchases.push(purchase);
        await carryOut(client, purchase);
        if (++this.#done === this.#wanted) this.#reached();
      }
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
  }
}

/** One line, or three of different products: their shards are in both files. */
function drawLines(random: SeededRandom) {
  const first = random.below(CATALOG.length);
  const count = random.chance(1, 2) ? 3 : 1;
  return Array.from({ length: count }, (_, index) => ({
    sku: CATALOG[(first + index * 17) % CATALOG.length]!.sku,
    quantity: 1 + random.below(3),
  }));
}

Deno.test({
  name: "G90 a backup taken while 40 buyers buy is the shop of one instant: " +
    "what was answered before is in it, every unit and all money add up",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    const backup = `${stage.folder}/backup`;
    let told: readonly Purchase[];
    let all: readonly Purchase[];
    {
      await using shop = stage.start();
      using client = await stage.connect(shop);
      const rush = new Rush(client, 1);
      await rush.more(BEFORE);
      told = rush.told();
      const environment = { DATA_DIR: stage.dataFolder };
      const taken = await run(environment, [backup], "backup");
      assert.equal(taken.code, 0, taken.stderr);
      await rush.more(AFTER);
      await shop.kill();
      await rush.end();
      all = rush.purchases;
    }
    Deno.renameSync(stage.dataFolder, `${stage.folder}/lost`);
    const environment = { DATA_DIR: stage.dataFolder };
    const restored = await run(environment, [backup], "restore");
    assert.equal(restored.code, 0, restored.stderr);

    await using shop = stage.start();
    using client = await stage.connect(shop);
    await expectAnswersKept(client, told);
    // What came later did not happen there, and may happen now; a hold without
    // its order waits for its buyer to ask again.
    const again = [
      ...told,
      ...all.slice(told.length).map((purchase) => newPurchase(purchase)),
    ];
    const mayBuy = again.filter(({ soldOut }) => !soldOut);
    await Promise.all(mayBuy.map((purchase) => carryOut(client, purchase)));
    await expectOneOrderForEachKey(client, again);
    await expectStockOfOrders(client, again);
    await expectMoneyOfOrders(client, again, stage.dataFolder);
  },
});

/**
 * What the provider has taken and kept is what the paid orders cost, once the
 * payments that were under way have been asked after.
 */
async function expectMoneyOfOrders(
  client: ShopClient,
  purchases: readonly Purchase[],
  dataFolder: string,
): Promise<void> {
  const difference = async () => {
    const orders = [...(await ordersOf(client, purchases)).values()].flat();
    const paidCents = orders.filter(({ status }) => status === "paid")
      .reduce((sum, { totalCents }) => sum + totalCents, 0);
    const ledger = new PaymentLedger(dataFolder);
    const [totals] = ledger.totals();
    ledger.close();
    assert(paidCents > 0);
    return totals!.capturedCents - totals!.refundedCents - paidCents;
  };
  await eventually("the money of the orders", SETTLED_WITHIN_MS, async () => {
    return await difference() === 0 ? true : null;
  }).catch(async () => assert.equal(await difference(), 0));
}

Deno.test({
  name: "G33 backup and restore say in one line what is wrong, and end with 2",
  ignore: LACKS_PROCESSES,
  async fn() {
    using folder = new StartupFolder();
    const { environment } = folder;
    const calls = [
      ["backup", [], environment, /^Expected one FOLDER, found nothing/],
      ["restore", ["a", "b"], environment, /Expected one FOLDER, found "a b"/],
      ["backup", ["--all", "a"], environment, /^Expected FOLDER, found/],
      ["backup", [`${folder.path}/a`], environment, /store\.sqlite": expected/],
      ["restore", [folder.path], environment, /the list of a backup, found/],
      ["backup", ["a"], { ...environment, DATABASE_URL: "x" }, /use pg_dump/],
    ] as const;
    await Promise.all(calls.map(async ([task, args, env, says]) => {
      assert.match(refusal(await run(env, args, task)), says);
    }));
    assert.deepEqual(folder.names(), ["catalog.csv"]);
  },
});
