/**
 * The chaos campaign: buyers storm a shop of three processes while its
 * processes, its Redis, its PostgreSQL and the ways between them fail as the
 * seed says. In the end everything is well again, and what the shop says must
 * agree with all that anybody was ever told.
 *
 * @module
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import {
  expectAnswersKept,
  expectOneOrderForEachKey,
  expectStockOfOrders,
} from "../../shop/bookkeeping.ts";
import { carryOut, newPurchase, type Purchase } from "../../shop/purchase.ts";
import { ConnectionLost, type ShopClient } from "../../shop/shop_client.ts";
import { eventually, pause, products } from "../../shop/stage.ts";
import { type Mischief, MischiefBag } from "./mischief.ts";
import { Seat } from "./seat.ts";
import { ShopCluster } from "./shop_cluster.ts";

/** How hard and how long. */
export interface ChaosOptions {
  readonly forMs: number;
  /** Buyers at the same time. */
  readonly buyers: number;
  readonly seed: number;
  /** Where the log of every process goes in the end; null: nowhere. */
  readonly logFolder: string | null;
  /** Takes one line for each thing that happened. */
  readonly report: (line: string) => void;
}

/** What happened, and how long it was felt. */
export interface Recovery {
  readonly kind: string;
  /** From its begin until all others served everything again. */
  readonly othersMs: number;
  /** From its end until all did. */
  readonly allMs: number;
}

/** What a campaign showed. */
export interface ChaosResult {
  readonly purchases: number;
  readonly orders: number;
  readonly recoveries: readonly Recovery[];
}

/** Ten products sell out at once, so that refusals are in every mix. */
const CATALOG = [...products("plenty", 40, 50_000), ...products("few", 10, 25)];
const SEATS = ["one", "two", "three"];
/** Redis keeps what it was told until it loses it on purpose. */
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];
/** A payment that was interrupted is asked about with growing pauses. */
const PATIENCE_MS = 120_000;
/** Nothing here takes as long, however busy the machine. */
const RECOVERED_WITHIN_MS = 60_000;

/** Runs it; throws at the first thing that is not as it was told. */
export async function chaosCampaign(
  options: ChaosOptions,
): Promise<ChaosResult> {
  const { seed, forMs, buyers, report, logFolder } = options;
  await using cluster = await ShopCluster.prepare(CATALOG, {}, DURABLE);
  await using seats = new AsyncDisposableStack();
  const all = SEATS.map((name) =>
    seats.use(new Seat(name, cluster, logFolder))
  );
  await Promise.all(all.map((seat) => seat.start()));
  report("three processes serve");
  const purchases: Purchase[] = [];
  const until = { isOver: false };
  const storm = Array.from({ length: buyers }, (_, index) => {
    const user = `buyer-${index}`;
    const random = new SeededRandom(seed, user);
    return buy(all, user, random, purchases, until);
  });
  // A buyer who found something wrong ends the campaign at once.
  const failed = Promise.all(storm).then(() => {
    throw new Error("The buyers went home early");
  });
  failed.catch(() => {});
  const random = new SeededRandom(seed, "mischief");
  const bag = new MischiefBag(cluster, all, random);
  const recoveries: Recovery[] = [];
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    const recovery = await Promise.race([befall(bag.next(), all), failed]);
    recoveries.push(recovery);
    report(describe(recovery, purchases.length));
    await Promise.race([pause(random.below(1_500)), failed]);
  }
  until.isOver = true;
  await Promise.all(storm);
  await settle(all, purchases);
  await expectFencesGrow(cluster.databaseUrl());
  assert.deepEqual(all.flatMap((seat) => seat.complaints()), []);
  const orders = purchases.filter(({ order }) => order !== null).length;
  return { purchases: purchases.length, orders, recoveries };
}

/** One buyer: one purchase after the other, wherever somebody answers. */
async function buy(
  seats: readonly Seat[],
  user: string,
  random: SeededRandom,
  purchases: Purchase[],
  until: { readonly isOver: boolean },
): Promise<void> {
  for (let number = 1; !until.isOver; number++) {
    const purchase = newPurchase({
      user,
      key: `${user}-${number}`,
      lines: drawLines(random),
      wish: (["keep", "pay", "pay", "cancel"] as const)[random.below(4)]!,
    });
    purchases.push(purchase);
    await insistAnywhere(seats, purchase, random);
    // A person looks at the next product for a moment.
    await pause(random.below(200));
  }
}

/** Goes from process to process until the purchase is as it was wished. */
async function insistAnywhere(
  seats: readonly Seat[],
  purchase: Purchase,
  random: SeededRandom,
): Promise<void> {
  for (;;) {
    const open = seats.flatMap(({ client }) => client ?? []);
    const client = open[random.below(Math.max(1, open.length))];
    try {
      if (client === undefined) await pause(50);
      else return await carryOut(client, purchase, () => {}, PATIENCE_MS);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
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

/** Lets it happen, and waits until nobody feels it any more. */
async function befall(
  mischiefs: readonly Mischief[],
  seats: readonly Seat[],
): Promise<Recovery> {
  const beganMs = performance.now();
  for (const mischief of mischiefs) await mischief.begin();
  const places = mischiefs.map(({ seat }) => seat);
  const others = seats.filter((seat) => !places.includes(seat));
  let othersMs = 0;
  const felt = places.includes(null)
    ? Promise.resolve()
    : allServe(others).then(() => othersMs = performance.now() - beganMs);
  await pause(Math.max(...mischiefs.map(({ forMs }) => forMs)));
  const endedMs = performance.now();
  // A process does not start without its servers.
  const inOrder = mischiefs.toSorted((one, other) =>
    Number(one.seat !== null) - Number(other.seat !== null)
  );
  for (const mischief of inOrder) await mischief.end();
  await felt;
  await allServe(seats);
  const kind = mischiefs.map(({ kind }) => kind).join(" and ");
  return { kind, othersMs, allMs: performance.now() - endedMs };
}

/** Every shard answers through each of them. */
async function allServe(seats: readonly Seat[]): Promise<void> {
  await Promise.all(seats.map(async (seat) => {
    const what = `process ${seat.name} to serve everything`;
    await eventually(what, RECOVERED_WITHIN_MS, async () => {
      const { client } = seat;
      if (client === null) return null;
      return await serves(client) ? true : null;
    });
  }));
}

async function serves(client: ShopClient): Promise<boolean> {
  try {
    await client.audit();
    return true;
  } catch {
    return false;
  }
}

/** Whoever was interrupted finds out; then the books are compared. */
async function settle(
  seats: readonly Seat[],
  purchases: readonly Purchase[],
): Promise<void> {
  const clients = seats.flatMap(({ client }) => client ?? []);
  assert.equal(clients.length, SEATS.length, "all processes serve");
  for (const client of clients) await expectAnswersKept(client, purchases);
  await expectOneOrderForEachKey(clients[0]!, purchases);
  await expectStockOfOrders(clients[1]!, purchases);
}

/** No row of an older epoch follows one of a newer. */
async function expectFencesGrow(databaseUrl: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    const wrong = await sql`
      SELECT partition, first_sequence FROM (
        SELECT partition, first_sequence, epoch, event_count,
          lag(epoch) OVER rows AS epoch_before,
          lag(first_sequence + event_count) OVER rows AS expected
        FROM doorbuster.events
        WINDOW rows AS (PARTITION BY partition ORDER BY first_sequence)
      ) AS numbered
      WHERE epoch < epoch_before OR first_sequence <> expected`;
    assert.deepEqual([...wrong], []);
  } finally {
    await sql.end();
  }
}

function describe({ kind, othersMs, allMs }: Recovery, purchases: number) {
  const others = othersMs === 0
    ? ""
    : `the others served all ${seconds(othersMs)} after its begin, `;
  return `${kind}: ${others}everybody ${seconds(allMs)} after its end; ` +
    `${purchases} purchases so far`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
