/** Several processes that are one shop, with a real Redis and PostgreSQL. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { expectBody } from "../../shop/shop_client.ts";
import { products } from "../../shop/stage.ts";
import { chaosCampaign } from "./chaos_campaign.ts";
import { ShopCluster } from "./shop_cluster.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

Deno.test({
  name: "G110 three processes are one shop: what one sold, another knows",
  ignore,
  async fn() {
    await using cluster = await ShopCluster.prepare(products("thing", 8, 10));
    const processes = [cluster.start(), cluster.start(), cluster.start()];
    const [a, b, c] = await Promise.all(
      processes.map((each) => cluster.connect(each)),
    );
    const lines = [{ sku: "thing-0", quantity: 2 }];
    const order = expectBody(await a!.placeOrder("ada", "key-1", lines));
    const again = expectBody(await b!.placeOrder("ada", "key-1", lines));
    assert.deepEqual(again, order);
    const paid = expectBody(await c!.payOrder("ada", order.id, "pay-1"));
    assert.equal(paid.status, "paid");
    const read = expectBody(await a!.readOrder("ada", order.id));
    assert.equal(read.status, "paid");
    const { bySku, violations } = await b!.auditAll();
    assert.deepEqual(violations, []);
    assert.equal(bySku.get("thing-0")!.sold, 2);
  },
});

Deno.test({
  name:
    "three processes are one shop: a user's limit is one limit, whichever " +
    "of them he asks",
  ignore,
  async fn() {
    const burst = 60;
    await using cluster = await ShopCluster.prepare(products("thing", 1, 1), {
      admission: { user: { rate: "1/s", burst } },
    });
    const processes = [cluster.start(), cluster.start(), cluster.start()];
    const clients = await Promise.all(
      processes.map((each) => cluster.connect(each)),
    );
    const admin = { as: { admin: true } } as const;
    for (const client of clients) {
      let count = 0;
      while (count < processes.length) {
        const answer = await client.call<{ processes: readonly string[] }>(
          ...["GET", "/v1/admin/topology", admin] as const,
        );
        count = expectBody(answer).processes.length;
      }
    }
    const fromMs = performance.now();
    let passed = 0;
    for (let request = 0; request < 3 * burst; request++) {
      const client = clients[request % clients.length]!;
      const { status } = await client.call(
        ...["GET", "/v1/orders", { as: { user: "ada" } }] as const,
      );
      if (status === 200) passed++;
      else assert.equal(status, 429);
    }
    const most = burst + (performance.now() - fromMs) / 1_000;
    assert.ok(passed <= most + burst / 4, `${passed} of ${most}`);
    // Few are told to come back while their process waits for an answer.
    assert.ok(passed > burst * 0.8, `${passed} of ${most}`);
  },
});

Deno.test({
  name:
    "G111 a minute of chaos loses no order, doubles none and sells nothing twice",
  ignore,
  async fn() {
    const { orders, recoveries } = await chaosCampaign({
      ...{ forMs: 60_000, buyers: 100, seed: 6, logFolder: null },
      report: () => {},
    });
    assert.ok(orders > 0 && recoveries.length > 0);
  },
});
