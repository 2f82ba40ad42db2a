/**
 * The crash campaign: buyers storm a real shop over HTTP, it is killed with
 * `kill -9` at a moment drawn from the seed, started again, and everything that
 * anybody was ever told is checked. Round after round on the same folder, and
 * every third start is killed as well, in the midst of its recovery.
 *
 * @module
 */
import { SeededRandom } from "../../actors/runtime/random.ts";
import {
  expectAnswersKept,
  expectOneOrderForEachKey,
  expectStockOfOrders,
} from "./bookkeeping.ts";
import { carryOut, newPurchase, type Purchase } from "./purchase.ts";
import { ConnectionLost, type ShopClient } from "./shop_client.ts";
import type { ShopProcess } from "./shop_process.ts";
import { type Product, products, Stage } from "./stage.ts";

/** How hard and how long. */
export interface CampaignOptions {
  readonly rounds: number;
  /** Buyers at the same time. */
  readonly buyers: number;
  readonly seed: number;
  /** Takes one line for each round. */
  readonly report: (line: string) => void;
}

/** The latest kill: about two seconds into a rush on two cores. */
const MOST_PURCHASES = 1_000;

/** Ten products sell out at once, so that refusals are in every mix. */
const CATALOG: readonly Product[] = [
  ...products("plenty", 40, 5_000),
  ...products("scarce", 10, 25),
];

/** Runs all rounds; throws at the first thing that is not as it was told. */
export async function crashCampaign(options: CampaignOptions): Promise<void> {
  const { rounds, seed, report } = options;
  const random = new SeededRandom(seed, "crash campaign");
  using stage = new Stage(CATALOG);
  const all: Purchase[] = [];
  for (let round = 1; round <= rounds; round++) {
    const killAfter = 1 + random.below(MOST_PURCHASES);
    const purchases = await rushAndKill(stage, options, round, killAfter);
    all.push(...purchases);
    if (round % 3 === 0) await killInRecovery(stage);
    const recovery = await expectNothingLost(stage, purchases, all);
    const answered = purchases.filter(({ order }) => order !== null).length;
    report(
      `round ${round}/${rounds}: killed after ${killAfter} purchases, ` +
        `${purchases.length} under way or done, ${recovery}; ` +
        `${answered} orders and every unit accounted for`,
    );
  }
}

async function rushAndKill(
  stage: Stage,
  { buyers, seed }: CampaignOptions,
  round: number,
  killAfter: number,
): Promise<Purchase[]> {
  await using shop = stage.start();
  using client = await stage.connect(shop);
  const purchases: Purchase[] = [];
  let done = 0;
  const carriedOut = () => {
    if (++done === killAfter) shop.signal("SIGKILL");
  };
  await Promise.all(
    Array.from({ length: buyers }, (_, index) => {
      const user = `buyer-${index}`;
      const random = new SeededRandom(seed, `round ${round}, ${user}`);
      return buy(client, user, `r${round}`, random, purchases, carriedOut);
    }),
  );
  await shop.ended;
  return purchases;
}

/** One buyer: one purchase after the other, until the shop is gone. */
async function buy(
  client: ShopClient,
  user: string,
  round: string,
  random: SeededRandom,
  purchases: Purchase[],
  carriedOut: () => void,
): Promise<void> {
  try {
    for (let number = 1;; number++) {
      const purchase = newPurchase({
        user,
        key: `${round}-${user}-${number}`,
        lines: drawLines(random),
        wish: (["keep", "pay", "pay", "cancel"] as const)[random.below(4)]!,
      });
      purchases.push(purchase);
      await carryOut(client, purchase);
      carriedOut();
    }
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
  }
}

/** One line, or three of different products. */
function drawLines(random: SeededRandom) {
  const first = random.below(CATALOG.length);
  const count = random.chance(1, 3) ? 3 : 1;
  return Array.from({ length: count }, (_, index) => ({
    // 17 and 50 have no common factor: the three are different.
    sku: CATALOG[(first + index * 17) % CATALOG.length]!.sku,
    quantity: 1 + random.below(3),
  }));
}

/** Recovery itself may be cut short anywhere. */
async function killInRecovery(stage: Stage): Promise<void> {
  await using shop = stage.start();
  await shop.line(({ text }) => text === "journal recovered");
  await shop.kill();
}

async function expectNothingLost(
  stage: Stage,
  purchases: readonly Purchase[],
  all: readonly Purchase[],
): Promise<string> {
  await using shop = stage.start();
  using client = await stage.connect(shop);
  await expectAnswersKept(client, all);
  const byUser = Map.groupBy(purchases, ({ user }) => user);
  await Promise.all(
    [...byUser.values()].map(async (ofUser) => {
      for (const purchase of ofUser) {
        if (!purchase.soldOut) await carryOut(client, purchase);
      }
    }),
  );
  await expectAnswersKept(client, all);
  await expectOneOrderForEachKey(client, all);
  await expectStockOfOrders(client, all);
  const recovery = describeRecovery(shop);
  await shop.kill();
  return recovery;
}

function describeRecovery({ logged }: ShopProcess): string {
  let events = 0;
  let startedInMs = 0;
  for (const line of logged) {
    if (line.text === "journal recovered") events += Number(line.events);
    if (line.text === "shop open") startedInMs = Number(line.startedInMs);
  }
  return `open again in ${startedInMs} ms with ${events} events`;
}
