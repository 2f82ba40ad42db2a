/** Several processes that are one shop, with a real Redis and PostgreSQL. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { expectBody } from "../../shop/shop_client.ts";
import { products } from "../../shop/stage.ts";
import { chaosCampaign } from "./chaos_campaign.ts";
import { ShopCluster } from "./shop_cluster.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

Deno.test({
  name: "three processes are one shop: what one sold, another knows",
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
    "a minute of chaos loses no order, doubles none and sells nothing twice",
  ignore,
  async fn() {
    const { orders, recoveries } = await chaosCampaign({
      ...{ forMs: 60_000, buyers: 100, seed: 6, logFolder: null },
      report: () => {},
    });
    assert.ok(orders > 0 && recoveries.length > 0);
  },
});
