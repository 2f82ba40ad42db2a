import { allOrders, findOrder } from "../../actors/storefront/order_book.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { act, action } from "./storefront_actions.ts";
import { World } from "./storefront_world.ts";

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
