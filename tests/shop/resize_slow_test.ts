/** One store under shops of every size, one after the other. */
import assert from "node:assert/strict";
import {
  expectAnswersKept,
  expectOneOrderForEachKey,
  expectStockOfOrders,
} from "./bookkeeping.ts";
import { carryOut, newPurchase, type Purchase } from "./purchase.ts";
import { expectBody, type ShopClient } from "./shop_client.ts";
import { LACKS_PROCESSES, products, Stage } from "./stage.ts";

/** Few, since "spread" gives each partition a thread of its own. */
const PARTITIONS = { storefront: 4, inventory: 4, accounts: 2 };

/** The sizes of the shop; how many threads own the partitions. */
const LIVES = [
  { topology: { shopWorkers: 2 }, owners: 2 },
  { topology: { shopWorkers: 3 }, owners: 3 },
  { topology: { shopWorkers: 1 }, owners: 1 },
  { topology: { placement: "inline" }, owners: 1 },
  { topology: { placement: "spread" }, owners: 10 },
  { topology: { shopWorkers: 2 }, owners: 2 },
] as const;

const CATALOG = products("thing", 20, 1_000);
const USERS = 16;
const PASSWORD = "a password of this test";

/** Every user buys three times: one line, three lines; pays, keeps, cancels. */
async function sell(client: ShopClient, life: number): Promise<Purchase[]> {
  const purchases = Array.from({ length: USERS * 3 }, (_, index) => {
    const lines = [0, 7, 13].slice(0, index % 2 === 0 ? 1 : 3)
      .map((step) => ({
        sku: CATALOG[(index + step) % CATALOG.length]!.sku,
        quantity: 1 + index % 3,
      }));
    return newPurchase({
      user: `user-${index % USERS}`,
      key: `life-${life}-${index}`,
      lines,
      wish: (["pay", "keep", "cancel"] as const)[index % 3]!,
    });
  });
  await Promise.all(purchases.map((purchase) => carryOut(client, purchase)));
  return purchases;
}

interface Account {
  readonly username: string;
  readonly id: string;
  /** A session that was ended by its owner. */
  readonly ended: string;
}

async function openAccount(
  client: ShopClient,
  username: string,
): Promise<Account> {
  const credentials = { username, password: PASSWORD };
  const { id } = expectBody(
    await client.call<{ id: string }>("POST", "/v1/users", {
      json: credentials,
    }),
  );
  const { token } = expectBody(
    await client.call<{ token: string }>("POST", "/v1/sessions", {
      json: credentials,
    }),
  );
  const as = { token };
  const out = await client.call("DELETE", "/v1/sessions/current", { as });
  assert.equal(out.status, 204);
  return { username, id, ended: token };
}

async function expectAccount(
  client: ShopClient,
  { username, id, ended }: Account,
): Promise<void> {
  const json = { username, password: PASSWORD };
  const again = await client.call("POST", "/v1/users", { json });
  assert.equal(again.problem?.code, "username-taken");
  const as = { token: ended };
  const revoked = await client.call("GET", "/v1/orders", { as });
  assert.equal(revoked.problem?.code, "unauthenticated");
  const { token } = expectBody(
    await client.call<{ token: string }>("POST", "/v1/sessions", { json }),
  );
  const claims = JSON.parse(atob(token.split(".")[1]!));
  assert.equal(claims.sub, id);
}

// G18
Deno.test({
  name: "a store keeps its orders, stock, users and ended sessions, whatever " +
    "number of workers the shop is started with",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    const purchases: Purchase[] = [];
    const accounts: Account[] = [];
    for (const [life, { topology, owners }] of LIVES.entries()) {
      const config = { topology: { ...topology, partitions: PARTITIONS } };
      await using shop = stage.start(config);
      using client = await stage.connect(shop);
      const { actors } = await client.topology();
      const threads = actors.filter(({ address }) => !/^cache/.test(address))
        .map(({ worker }) => worker);
      assert.equal(new Set(threads).size, owners);

      await expectAnswersKept(client, purchases);
      for (const purchase of purchases) await carryOut(client, purchase);
      for (const account of accounts) await expectAccount(client, account);
      purchases.push(...await sell(client, life));
      accounts.push(await openAccount(client, `member-${life}`));
      await expectOneOrderForEachKey(client, purchases);
      await expectStockOfOrders(client, purchases);
      assert.equal((await shop.stop()).code, 0);
    }
  },
});
