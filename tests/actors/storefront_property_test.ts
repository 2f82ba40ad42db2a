import { allOrders, findOrder } from "../../actors/storefront/order_book.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { MINUTE_MS } from "./storefront_kit.ts";
import { BASKETS, FATES, World } from "./storefront_world.ts";

/** What happens next, with a number that says to whom. */
type Action = readonly [
  "place" | "pay" | "cancel" | "deliver" | "crash" | "crash_shard" | "wait",
  number,
  number,
];

const action: fc.Arbitrary<Action> = fc.tuple(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant("place" as const) },
    { weight: 3, arbitrary: fc.constant("pay" as const) },
    { weight: 1, arbitrary: fc.constant("cancel" as const) },
    { weight: 14, arbitrary: fc.constant("deliver" as const) },
    { weight: 1, arbitrary: fc.constant("crash" as const) },
    { weight: 1, arbitrary: fc.constant("crash_shard" as const) },
    { weight: 2, arbitrary: fc.constant("wait" as const) },
  ),
  fc.nat(99),
  fc.nat(9),
);

/** A moment, a retry, a minute, past a pin, past a hold. */
const WAITS_MS = [10, 500, MINUTE_MS, 11 * MINUTE_MS, 16 * MINUTE_MS];

function act(world: World, [kind, which, how]: Action): void {
  const { shop } = world;
  if (kind === "deliver") {
    const asked = shop.asked[which % (shop.asked.length || 1)];
    // Half of all messages meet no accident.
    const fate = FATES[how] ?? "answered";
    if (asked !== undefined) {
      world.declines = how % 3 === 0;
      world.deliver(firstTo(world, asked.to), fate);
    }
  } else if (kind === "place") {
    const userId = `user ${which % 2}`;
    const key = `k${which % 5}`;
    // A key nearly always comes with the same basket.
    const lines = BASKETS[(how === 9 ? 1 : 0) + which % 5 % 2]!;
    shop.send({ kind: "place_order", userId, key, lines });
  } else if (kind === "crash") shop.crash();
  else if (kind === "crash_shard") world.shards[how % 4]!.crash();
  else if (kind === "wait") world.advance(WAITS_MS[how % WAITS_MS.length]!);
  else buyerActs(world, kind, which, how);
}

/** Messages to one shard stay in order. */
function firstTo(world: World, to: string) {
  return world.shop.asked.find((asked) => asked.to === to)!;
}

function buyerActs(
  world: World,
  kind: "pay" | "cancel",
  which: number,
  how: number,
): void {
  const orders = [...allOrders(world.shop.state)];
  const order = orders[which % (orders.length || 1)];
  if (order === undefined) return;
  const { id: orderId, userId } = order;
  if (kind === "cancel") {
    world.shop.send({ kind: "cancel_order", userId, orderId });
  } else {
    const key = `p${orderId}${how % 2}`;
    const method = "sandbox";
    world.shop.send({ kind: "pay_order", userId, orderId, key, method });
  }
}

/** What the end of an order says about its holds and its money. */
function checkEnd(world: World, orderId: string): string {
  const { status, attempts } = findOrder(world.shop.state, orderId)!;
  const holds = world.holdsOf(orderId);
  const money: string[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const charge = world.charges.get(`${orderId}-${attempt}`);
    if (charge === "captured" || charge === "refunded") money.push(charge);
  }
  if (status === "paid") {
    assert.deepEqual(money, ["captured"]);
    assert(holds.every((hold) => hold === "sold"), `${holds}`);
  } else {
    assert.deepEqual(money, status === "refunded" ? ["refunded"] : []);
    assert(holds.every((hold) => hold !== "open" && hold !== "sold"));
    assert(["cancelled", "expired", "refunded"].includes(status), status);
  }
  return status;
}

function checkStock(world: World): void {
  for (const shard of world.shards) {
    assert.equal(shard.state.totals.held, 0);
    let soldUnits = 0;
    for (const order of allOrders(world.shop.state)) {
      if (order.status !== "paid") continue;
      for (const { sku, quantity } of order.lines) {
        if (shard.state.stocks.has(sku)) soldUnits += quantity;
      }
    }
    assert.equal(shard.state.totals.sold, soldUnits);
  }
}

function checkKeys(world: World): void {
  const keys = world.shop.events.flatMap((event) =>
    event.kind === "order_placed" ? [`${event.userId} ${event.key}`] : []
  );
  assert.equal(new Set(keys).size, keys.length);
}

Deno.test("whatever is lost, late or crashes: every order resolves once, and money and stock agree", () => {
  const ends = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 120 }), (run) => {
      const world = new World();
      for (const next of run) {
        act(world, next);
        world.check();
      }
      world.settle();
      const { state, replies } = world.shop;
      const open = state.started.size + state.paying.size +
        state.obligations.size + state.volatile.placing.size +
        state.volatile.flows.size + state.volatile.progress.size;
      assert.equal(open, 0);
      for (const { id: orderId } of allOrders(state)) {
        const end = checkEnd(world, orderId);
        ends.set(end, (ends.get(end) ?? 0) + 1);
      }
      checkStock(world);
      checkKeys(world);
      const askers = replies.map(({ asker }) => asker);
      assert.equal(new Set(askers).size, askers.length);
    }),
    { seed: 11, numRuns: 400 },
  );
  // A test that never refunds or cancels would prove less than it says.
  assert.deepEqual([...ends.keys()].sort(), [
    "cancelled",
    "expired",
    "paid",
    "refunded",
  ]);
});
