/**
 * Buyers who buy until the shop is gone, and what must hold of a shop that is
 * restored from a backup taken in their midst.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../../actors/runtime/random.ts";
import {
  expectAnswersKept,
  expectOneOrderForEachKey,
  expectStockOfOrders,
  ordersOf,
} from "./bookkeeping.ts";
import { carryOut, newPurchase, type Purchase } from "./purchase.ts";
import { ConnectionLost, type ShopClient } from "./shop_client.ts";
import { eventually, type Product, products } from "./stage.ts";

const BUYERS = 40;
/** Processes that are restarted on a crowded machine take their time. */
const PATIENCE_MS = 120_000;
/** A payment that was cut off is asked after within this time. */
const SETTLED_WITHIN_MS = 15_000;

/** What they buy; ten products sell out. */
export const RUSH_CATALOG: readonly Product[] = [
  ...products("plenty", 40, 5_000),
  ...products("scarce", 10, 25),
];

/** Forty buyers, spread over the clients. */
export class Rush {
  readonly purchases: Purchase[] = [];
  readonly #ended: Promise<unknown>;
  #done = 0;
  #wanted = Infinity;
  #reached: () => void = () => {};

  constructor(clients: readonly ShopClient[], seed: number) {
    const buyers = Array.from({ length: BUYERS }, (_, index) => {
      const user = `buyer-${index}`;
      const client = clients[index % clients.length]!;
      return this.#buy(client, user, new SeededRandom(seed, user));
    });
    this.#ended = Promise.all(buyers);
    this.#ended.catch(() => {});
  }

  /** Resolves when so many more purchases are done; rejects if none can be. */
  async more(count: number): Promise<void> {
    this.#wanted = this.#done + count;
    const reached = new Promise<void>((resolve) => this.#reached = resolve);
    const ended = this.#ended.then(() => {
      throw new Error("The buyers have lost their shop");
    });
    await Promise.race([reached, ended]);
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
        await carryOut(client, purchase, () => {}, PATIENCE_MS);
        if (++this.#done === this.#wanted) this.#reached();
      }
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
  }
}

/** One line, or three of different products: their shards are in both files. */
function drawLines(random: SeededRandom) {
  const first = random.below(RUSH_CATALOG.length);
  const count = random.chance(1, 2) ? 3 : 1;
  return Array.from({ length: count }, (_, index) => ({
    sku: RUSH_CATALOG[(first + index * 17) % RUSH_CATALOG.length]!.sku,
    quantity: 1 + random.below(3),
  }));
}

/**
 * Requires that a restored shop is the one of an instant after everybody was
 * `told` so much: nothing of it is missing, every unit and all money add up,
 * and it sells on. `movedCents` says what the provider has taken and kept.
 */
export async function expectShopOfOneInstant(
  client: ShopClient,
  told: readonly Purchase[],
  all: readonly Purchase[],
  movedCents: () => Promise<number>,
): Promise<void> {
  await expectAnswersKept(client, told);
  // What came later did not happen there, and may happen now; a hold without
  // its order waits for its buyer to ask again.
  const again = [
    ...told,
    ...all.slice(told.length).map((purchase) => newPurchase(purchase)),
  ];
  const mayBuy = again.filter(({ soldOut }) => !soldOut);
  await Promise.all(
    mayBuy.map((each) => carryOut(client, each, () => {}, PATIENCE_MS)),
  );
  await expectOneOrderForEachKey(client, again);
  await expectStockOfOrders(client, again);
  const difference = async () => {
    const orders = [...(await ordersOf(client, again)).values()].flat();
    const paidCents = orders.filter(({ status }) => status === "paid")
      .reduce((sum, { totalCents }) => sum + totalCents, 0);
    assert(paidCents > 0);
    return await movedCents() - paidCents;
  };
  // Payments that were under way are asked after first.
  await eventually("the money of the orders", SETTLED_WITHIN_MS, async () => {
    return await difference() === 0 ? true : null;
  }).catch(async () => assert.equal(await difference(), 0));
}
