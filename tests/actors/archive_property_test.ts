/**
 * The past that is archived, and what is carried on of it. Histories are drawn
 * at random, as the storefront's own property has them, and cut anywhere.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { holdFrom } from "../../actors/inventory/hold.ts";
import { carryStock } from "../../actors/inventory/stock_archive.ts";
import {
  applyStock,
  emptyStock,
  type StockState,
} from "../../actors/inventory/stock.ts";
import {
  allOrders,
  applyEvent,
  newOrderBook,
  type StorefrontState,
} from "../../actors/storefront/order_book.ts";
import {
  type CarriedEvent,
  carryOrders,
} from "../../actors/storefront/order_archive.ts";
import { act, action, WAITS_MS } from "./storefront_actions.ts";
import { ARGS } from "./storefront_kit.ts";
import { World } from "./storefront_world.ts";

/** More than a day, so that keys and holds are forgotten on the way. */
const LONG_MS = 25 * 60 * 60_000;

const history = fc.tuple(
  fc.array(action, { minLength: 30, maxLength: 120 }),
  fc.nat(1000),
);

function worldOf(actions: readonly Parameters<typeof act>[1][]): World {
  const world = new World();
  for (const next of actions) act(world, next, [...WAITS_MS, LONG_MS]);
  return world;
}

/** Where the per mille of a list begins. */
function cutOf(events: readonly unknown[], perMille: number): number {
  return Math.round(events.length * perMille / 1000);
}

/** As it comes back from the journal. */
function stored<Event>(events: Iterable<Event>): Event[] {
  return JSON.parse(JSON.stringify([...events]));
}

function bookOf(
  events: readonly Parameters<typeof applyEvent>[1][],
): StorefrontState {
  const state = newOrderBook(ARGS);
  for (const event of events) applyEvent(state, event);
  return state;
}

/** The book without some orders, and without what made or paid them. */
function without(state: StorefrontState, gone: ReadonlySet<string>) {
  const newestOf = new Map<string, string>();
  const previousOf = new Map<string, string | null>();
  for (const [userId, newestId] of state.newestOf) {
    const chain: string[] = [];
    const orders = new Map(
      allOrders(state).map((each) => [each.id, each]),
    );
    for (
      let id: string | null = newestId;
      id !== null;
      id = orders.get(id)?.previousId ?? null
    ) if (!gone.has(id)) chain.push(id);
    if (chain.length > 0) newestOf.set(userId, chain[0]!);
    chain.forEach((id, at) => previousOf.set(id, chain[at + 1] ?? null));
  }
  const { volatile: _, keys, orders: __, ...rest } = state;
  return {
    ...rest,
    newestOf,
    orders: [...allOrders(state)].flatMap((order) =>
      gone.has(order.id)
        ? []
        : [{ ...order, previousId: previousOf.get(order.id)! }]
    ),
    sinceMs: keys.sinceMs,
    generations: keys.generations.map((uses) =>
      new Map([...uses].filter(([, use]) => !gone.has(use.split(" ")[0]!)))
    ),
  };
}

function idsOf(state: StorefrontState): string[] {
  return [...allOrders(state)].map(({ id }) => id);
}

Deno.test("G92 an order book whose past is archived is the same book without the orders that were over, wherever it is cut", () => {
  let archived = 0;
  let keptOpen = 0;
  fc.assert(
    fc.property(history, ([actions, perMille]) => {
      const { events } = worldOf(actions).shop;
      const cut = cutOf(events, perMille);
      const past = bookOf(events.slice(0, cut));
      const carried = stored<CarriedEvent>(carryOrders(past));
      const kept = new Set(
        carried.flatMap((event) =>
          event.kind === "order_carried" ? [event.orderId] : []
        ),
      );
      const gone = new Set(idsOf(past).filter((id) => !kept.has(id)));
      const later = events.slice(cut);
      assert(later.every(({ orderId }) => !gone.has(orderId)));
      assert.deepEqual(
        without(bookOf([...carried, ...later]), new Set()),
        without(bookOf(events), gone),
      );
      archived += gone.size;
      keptOpen += kept.size;
    }),
    { seed: 12, numRuns: 400 },
  );
  assert(archived > 100 && keptOpen > 100, `${archived}, ${keptOpen}`);
});

function stockOf(
  events: readonly Parameters<typeof applyStock>[1][],
  countsUsers: boolean,
) {
  const state: StockState = emptyStock(countsUsers);
  for (const event of events) applyStock(state, event);
  return state;
}

/**
 * What a shard knows, without what it has forgotten and only not cut off; of
 * no users no units are counted, be there a map for them or not.
 */
function known({ sold, released, stocks, holds, ...state }: StockState) {
  return {
    ...state,
    stocks: [...stocks].map(([sku, stock]) => [
      sku,
      { ...stock, unitsByUser: stock.unitsByUser ?? new Map() },
    ]),
    holds: new Map([...holds].map(([id, each]) => [id, holdFrom(each)])),
    sold: sold.holds.slice(sold.head),
    released: released.holds.slice(released.head),
  };
}

Deno.test("G92 a shard whose past is archived has the same stock, holds and users' units, wherever it is cut", () => {
  let resolved = 0;
  fc.assert(
    fc.property(history, ([actions, perMille]) => {
      for (const { events } of worldOf(actions).shards) {
        const cut = cutOf(events, perMille);
        const past = stockOf(events.slice(0, cut), true);
        const carried = stored(carryStock(past));
        const all = [...carried, ...events.slice(cut)];
        for (const countsUsers of [true, false]) {
          assert.deepEqual(
            known(stockOf(all, countsUsers)),
            known(stockOf(events, countsUsers)),
          );
        }
        resolved += past.sold.holds.length + past.released.holds.length;
      }
    }),
    { seed: 13, numRuns: 200 },
  );
  assert(resolved > 100, `${resolved}`);
});
