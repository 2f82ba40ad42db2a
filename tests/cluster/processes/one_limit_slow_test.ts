/** What is limited in a shop of several processes is limited once. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { expectBody } from "../../shop/shop_client.ts";
import { products } from "../../shop/stage.ts";
import { ShopCluster } from "./shop_cluster.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

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
    const clients = await cluster.startServing(3);
    const admin = { as: { admin: true } } as const;
    const speeds = new Map<unknown, number>();
    for (const client of clients) {
      let count = 0;
      while (count < clients.length) {
        const answer = await client.call<{
          processes: readonly string[];
          scalingPerMinute: number;
        }>(
          ...["GET", "/v1/admin/topology", admin] as const,
        );
        const { processes, scalingPerMinute } = expectBody(answer);
        count = processes.length;
        speeds.set(client, scalingPerMinute);
      }
    }
    assert.ok(Math.max(...speeds.values()) > 0, "row 60: two joined the first");
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
