/** Two workers that cannot reach each other for a while, and slow shards. */
import assert from "node:assert/strict";
import {
  expectOneOrderForEachKey,
  expectStockOfOrders,
} from "./bookkeeping.ts";
import { Custom } from "./custom.ts";
import { Placement } from "./placement.ts";
import { LACKS_PROCESSES, products, Stage } from "./stage.ts";

const CATALOG = products("thing", 60, 100_000);
const SKUS = CATALOG.map(({ sku }) => sku);

// G13, G22
Deno.test({
  name:
    "while two workers are cut apart only orders across the cut wait, and none " +
    "is lost or doubled",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start();
    using client = await stage.connect(shop);
    const placement = new Placement(await client.topology());
    const across = new Custom(
      client,
      placement.usersOn("worker-0", 10),
      placement.basketsOn("worker-1", SKUS),
    );
    const within = new Custom(
      client,
      placement.usersOn("worker-1", 10),
      placement.basketsOn("worker-1", SKUS),
    );
    await Promise.all([across.more(20), within.more(20)]);
    // By the names that the topology gives.
    await client.injectFault({
      do: "partition",
      from: "worker-0",
      to: "worker-1",
      for: "2s",
    });
    await within.more(50);
    await across.more(50);
    await client.injectFault({
      do: "slow",
      target: "inventory[*]",
      factor: 10,
      for: "1s",
    });
    await Promise.all([across.more(20), within.more(20)]);
    await Promise.all([across.stop(), within.stop()]);
    assert.deepEqual([...within.problems], []);
    assert(across.problems.size > 0, "nobody noticed the cut");
    const purchases = [...across.purchases, ...within.purchases];
    await expectOneOrderForEachKey(client, purchases);
    await expectStockOfOrders(client, purchases);
  },
});

Deno.test({
  name: "a fault whose target is not there is refused, and nothing happens",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start();
    using client = await stage.connect(shop);
    const refused = [
      { do: "crash", target: "inventory[99]" },
      { do: "flush", target: "inventory[0]" },
      { do: "hang", target: "inventory[0]" },
      { do: "partition", from: "worker-0", to: "worker-0" },
      { do: "slow", target: "inventory[0]", for: "2" },
    ];
    for (const fault of refused) {
      const answer = await client.call("POST", "/v1/admin/faults", {
        as: { admin: true },
        json: fault,
      });
      assert.equal(answer.problem?.status, 422, JSON.stringify(fault));
    }
    await client.injectFault({ do: "flush", target: "cache[*]" });
  },
});
