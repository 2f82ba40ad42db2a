/** A fault in one part of the running shop, and who notices. */
import assert from "node:assert/strict";
import {
  expectAnswersKept,
  expectOneOrderForEachKey,
  expectStockOfOrders,
} from "./bookkeeping.ts";
import { Custom } from "./custom.ts";
import { Placement, replaced, restarted } from "./placement.ts";
import type { ShopClient } from "./shop_client.ts";
import { LACKS_PROCESSES, products, Stage } from "./stage.ts";

const CATALOG = products("thing", 60, 100_000);
const SKUS = CATALOG.map(({ sku }) => sku);

/** What a buyer whose part of the shop is gone may be told: ask again. */
const ASK_AGAIN = new Set([
  "unavailable",
  "outcome-unknown",
  "idempotency-in-flight",
  "payment-in-flight",
]);

/** Ends the crowds; everyone has in the end what he asked for, once. */
async function expectAllAccountedFor(
  client: ShopClient,
  crowds: readonly Custom[],
): Promise<void> {
  await Promise.all(crowds.map((crowd) => crowd.stop()));
  for (const code of crowds.flatMap(({ problems }) => [...problems.keys()])) {
    assert(ASK_AGAIN.has(code), `${code}, which asking again does not mend`);
  }
  const purchases = crowds.flatMap((crowd) => crowd.purchases);
  await expectAnswersKept(client, purchases);
  await expectOneOrderForEachKey(client, purchases);
  await expectStockOfOrders(client, purchases);
}

// G13
Deno.test({
  name: "while one worker is killed again and again, buyers on the other see " +
    "no error, and its own only what asking again mends",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start();
    using client = await stage.connect(shop);
    const placement = new Placement(await client.topology());
    const falling = placement.basketsOn("worker-0", SKUS);
    const standing = placement.basketsOn("worker-1", SKUS);
    const both = falling.map((
      [sku],
      index,
    ) => [sku!, standing[index % 20]![0]!]);
    const calm = new Custom(
      client,
      placement.usersOn("worker-1", 10),
      standing,
    );
    const shaken = new Custom(
      client,
      placement.usersOn("worker-0", 10),
      [...falling, ...both],
    );
    // Their orders survive on the other worker, half of their holds do not.
    const torn = new Custom(
      client,
      placement.usersOn("worker-1", 20).slice(10),
      [...falling, ...both],
    );
    const crowds = [calm, shaken, torn];
    // Five are what the default restart intensity allows in ten seconds.
    for (let kill = 1; kill <= 5; kill++) {
      await Promise.all(crowds.map((crowd) => crowd.more(20)));
      await client.injectFault({ do: "crash", target: "worker[0]" });
      await replaced(client, "worker-0", 1 + kill);
    }
    await Promise.all(crowds.map((crowd) => crowd.more(20)));
    assert.deepEqual([...calm.problems], []);
    assert(shaken.problems.size > 0, "the kills were not felt");
    await expectAllAccountedFor(client, crowds);
  },
});

// G20
Deno.test({
  name: "while one shard crashes again and again, buyers of other products " +
    "see no error, and its own only what asking again mends",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start();
    using client = await stage.connect(shop);
    const placement = new Placement(await client.topology());
    const ofShard = SKUS.filter((sku) =>
      placement.shardOf(sku) === "inventory[3]"
    );
    const others = SKUS.filter((sku) => !ofShard.includes(sku));
    const alone = (skus: readonly string[]) => skus.map((sku) => [sku]);
    const users = (name: string) =>
      Array.from({ length: 10 }, (_, index) => `${name}-${index}`);
    const shaken = new Custom(client, users("shaken"), alone(ofShard));
    const calm = new Custom(client, users("calm"), alone(others));
    for (let crash = 1; crash <= 4; crash++) {
      await Promise.all([shaken.more(20), calm.more(20)]);
      await client.injectFault({ do: "crash", target: "inventory[3]" });
      await restarted(client, "inventory[3]", crash);
    }
    await Promise.all([shaken.more(20), calm.more(20)]);
    assert.deepEqual([...calm.problems], []);
    await expectAllAccountedFor(client, [shaken, calm]);
  },
});

Deno.test({
  name: "row 4: with one shard down its products are read stale and say so, " +
    "buying them is a retryable 503, and others sell",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start({
      topology: {
        // Whoever falls stays down for longer than the test takes.
        restart: { maxRestarts: 0, backoffMin: "30s", backoffMax: "30s" },
      },
      cache: { ttl: "1ms", jitterPercent: 0, staleWhileRevalidate: "0s" },
    });
    using client = await stage.connect(shop);
    const placement = new Placement(await client.topology());
    const isLost = (sku: string) => placement.shardOf(sku) === "inventory[3]";
    const lost = SKUS.find(isLost)!;
    const other = SKUS.find((sku) => !isLost(sku))!;
    const read = async (sku: string) => {
      const response = await fetch(`${await shop.url}/v1/products/${sku}`);
      await response.body?.cancel();
      const whence = response.headers.get("cache-status") ?? "";
      return [response.status, whence.includes("stale")];
    };
    assert.deepEqual(await read(lost), [200, false]);
    await client.injectFault({ do: "crash", target: "inventory[3]" });
    const buy = (sku: string) =>
      client.placeOrder("ada", sku, [{ sku, quantity: 1 }]);
    const refused = await buy(lost);
    assert.equal(refused.status, 503);
    assert.equal(refused.problem?.retryable, true);
    assert.deepEqual(await read(lost), [200, true]);
    assert.equal((await buy(other)).status, 201);
    assert.deepEqual(await read(other), [200, false]);
  },
});
