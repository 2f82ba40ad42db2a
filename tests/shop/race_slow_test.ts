/** The last units of a product, raced for over HTTP. */
import assert from "node:assert/strict";
import { expectBody, type Order } from "./shop_client.ts";
import { insist } from "./purchase.ts";
import { eventually, LACKS_PROCESSES, Stage } from "./stage.ts";

/** Long enough to pay on a loaded machine, short enough to wait for. */
const HOLD_FOR = "6s";
const HOLD_FOR_MS = 6_000;

// G7
Deno.test({
  name: "1,000 buyers race for the last 100 units: 100 orders, 900 sold-out, " +
    "and what 30 of them do not pay is for sale again",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage([{ sku: "last", units: 100 }]);
    await using shop = stage.start({ orders: { holdFor: HOLD_FOR } });
    using client = await stage.connect(shop);
    const lines = [{ sku: "last", quantity: 1 }];
    const stock = async () => (await client.auditAll()).bySku.get("last")!;

    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async (_, index) => {
        const user = `racer-${index}`;
        const answer = await client.placeOrder(user, "one", lines);
        return { user, answer };
      }),
    );

    const won: { user: string; order: Order }[] = [];
    const refusals = new Map<string, number>();
    for (const { user, answer } of answers) {
      if (answer.problem === null) won.push({ user, order: answer.body });
      else {
        const { status, code } = answer.problem;
        const said = `${status} ${code}`;
        refusals.set(said, (refusals.get(said) ?? 0) + 1);
      }
    }
    assert.equal(won.length, 100);
    assert.deepEqual([...refusals], [["409 sold-out", 900]]);
    const { available: left, held: promised } = await stock();
    assert.deepEqual([left, promised], [0, 100]);
    // I29: the gate's own count is that of the orders and of the shard.
    const metrics = await (await fetch(`${await shop.url}/metrics`)).text();
    const placed = 'method="POST",route="/v1/orders",status=';
    assert.ok(metrics.includes(`{${placed}"201"} 100\n`));
    assert.ok(metrics.includes(`{${placed}"409"} 900\n`));

    const [paying, leaving] = [won.slice(0, 70), won.slice(70)];
    await Promise.all(paying.map(async ({ user, order }) => {
      const ask = () => client.payOrder(user, order.id, "pay");
      assert.equal(expectBody(await insist(ask)).status, "paid");
    }));
    await eventually("the unpaid units", HOLD_FOR_MS * 3, async () => {
      return (await stock()).held === 0 ? true : null;
    });
    const { available, held, sold } = await stock();
    assert.deepEqual({ available, held, sold }, {
      available: 30,
      held: 0,
      sold: 70,
    });
    for (const { user, order } of paying) {
      const { status } = expectBody(await client.readOrder(user, order.id));
      assert.equal(status, "paid");
    }
    // An order is marked up to a second later than its units are for sale.
    for (const { user, order } of leaving) {
      await eventually("an expired order", HOLD_FOR_MS, async () => {
        const { status } = expectBody(await client.readOrder(user, order.id));
        return status === "expired" ? true : null;
      });
    }
    const late = await client.placeOrder("late", "one", [
      { sku: "last", quantity: 30 },
    ]);
    assert.equal(late.status, 201);
  },
});
