/**
 * The chaos campaign: buyers storm a shop of three processes while its
 * processes, its Redis, its PostgreSQL and the ways between them fail as the
 * seed says. In the end everything is well again, and what the shop says must
 * agree with all that anybody was ever told.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import type { ShopClient } from "../../shop/shop_client.ts";
import { eventually, pause, products } from "../../shop/stage.ts";
import { expectBooksAgree } from "./books.ts";
import { type Mischief, MISCHIEF_KINDS, MischiefBag } from "./mischief.ts";
import { Rush } from "./rush.ts";
import { Seat } from "./seat.ts";
import { ShopCluster } from "./shop_cluster.ts";

/** How hard and how long. */
export interface ChaosOptions {
  readonly forMs: number;
  /** Buyers at the same time. */
  readonly buyers: number;
  readonly seed: number;
  /** What may happen, of `MISCHIEF_KINDS`; left out: all of it. */
  readonly kinds?: readonly string[];
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
/** Nothing here takes as long, however busy the machine. */
const RECOVERED_WITHIN_MS = 60_000;

/** Runs it; throws at the first thing that is not as it was told. */
export async function chaosCampaign(
  options: ChaosOptions,
): Promise<ChaosResult> {
  const { seed, forMs, buyers, report, logFolder } = options;
  const { kinds = MISCHIEF_KINDS } = options;
  await using cluster = await ShopCluster.prepare(CATALOG, {}, DURABLE);
  await using seats = new AsyncDisposableStack();
  const all = SEATS.map((name) =>
    seats.use(new Seat(name, cluster, logFolder))
  );
  await Promise.all(all.map((seat) => seat.start()));
  report("three processes serve");
  const rush = new Rush({
    ...{ buyers, seed, catalog: CATALOG },
    open: () => all.flatMap(({ client }) => client ?? []),
  });
  const random = new SeededRandom(seed, "mischief");
  const bag = new MischiefBag(cluster, all, random, kinds);
  const recoveries: Recovery[] = [];
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    const next = bag.next();
    const happens = befall(next, all).catch((error) => {
      throw new Error(`After ${kindOf(next)}`, { cause: error });
    });
    const recovery = await Promise.race([happens, rush.failed]);
    recoveries.push(recovery);
    report(describe(recovery, rush.purchases.length));
    await Promise.race([pause(random.below(1_500)), rush.failed]);
  }
  await rush.end();
  const { purchases, orders } = rush;
  const clients = all.flatMap(({ client }) => client ?? []);
  assert.equal(clients.length, SEATS.length, "all processes serve");
  await expectBooksAgree(clients, purchases, cluster.databaseUrl());
  assert.deepEqual(all.flatMap((seat) => seat.complaints()), []);
  return { purchases: purchases.length, orders, recoveries };
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
  return {
    kind: kindOf(mischiefs),
    othersMs,
    allMs: performance.now() - endedMs,
  };
}

/** What happens and where, as one line. */
function kindOf(mischiefs: readonly Mischief[]): string {
  return mischiefs.map(({ kind }) => kind).join(" and ");
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
