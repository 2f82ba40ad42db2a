/** SIGTERM in the midst of a rush, and what the log has said until then. */
import assert from "node:assert/strict";
import {
  expectAnswersKept,
  expectOneOrderForEachKey,
  expectStockOfOrders,
} from "./bookkeeping.ts";
import { carryOut, newPurchase, type Purchase } from "./purchase.ts";
import { ConnectionLost, mintToken, type ShopClient } from "./shop_client.ts";
import { LACKS_PROCESSES, products, Stage } from "./stage.ts";

const CATALOG = products("thing", 40, 100_000);
const BUYERS = 200;
const STOP_WITHIN_MS = 10_000;
const PASSWORD = "correct horse battery staple";

/** Buys until nobody answers; `answered` hears of every answer. */
async function buy(
  client: ShopClient,
  index: number,
  purchases: Purchase[],
  answered: () => void,
): Promise<void> {
  const user = `buyer-${index}`;
  try {
    for (let number = 0;; number++) {
      const { sku } = CATALOG[number % CATALOG.length]!;
      const purchase = newPurchase({
        user,
        key: `${user}-${number}`,
        lines: [{ sku, quantity: 1 }],
        // At any moment some place an order and others pay one.
        wish: (index + number) % 2 === 0 ? "keep" : "pay",
      });
      purchases.push(purchase);
      await carryOut(client, purchase, (answer) => {
        assert.equal(answer.problem, null, "a stopping shop refuses nobody");
        answered();
      });
    }
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
  }
}

/** Gives the log every chance to say too much; returns what it must not say. */
async function confide(client: ShopClient, forged: string): Promise<string[]> {
  const json = { username: "member", password: PASSWORD };
  await client.call("POST", "/v1/users", { json });
  const session = await client.call<{ token: string }>("POST", "/v1/sessions", {
    json,
  });
  const wrong = { ...json, password: `${PASSWORD}?` };
  await client.call("POST", "/v1/sessions", { json: wrong });
  await client.call("POST", "/v1/sessions", { json: [wrong] });
  await client.call("GET", "/v1/orders", { as: { token: forged } });
  await client.call("GET", "/v1/admin/topology", { as: { token: forged } });
  return [PASSWORD, forged, session.body!.token];
}

// G15
Deno.test({
  name: "SIGTERM in a rush: every request is answered or has no effect, the " +
    "exit code is 0 within ten seconds, and no secret is in the log",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    const purchases: Purchase[] = [];
    {
      await using shop = stage.start({}, { throughTask: true });
      using client = await stage.connect(shop);
      const secrets = await confide(client, mintToken("mallory", "a guess"));
      let answers = 0;
      let stoppedAtMs = 0;
      const answered = () => {
        if (++answers !== 1_000) return;
        stoppedAtMs = performance.now();
        shop.signal("SIGTERM");
      };
      await Promise.all(
        Array.from(
          { length: BUYERS },
          (_, index) => buy(client, index, purchases, answered),
        ),
      );
      const { code } = await shop.ended;
      assert.equal(code, 0);
      assert(performance.now() - stoppedAtMs < STOP_WITHIN_MS);
      for (const secret of [...secrets, ...stage.secrets]) {
        assert(!shop.written.includes(secret), `the log says ${secret}`);
      }
      // The beginning of any token of any user: {"alg":…
      assert(!shop.written.includes("eyJhbGci"), "the log has a token");
    }
    await using shop = stage.start();
    using client = await stage.connect(shop);
    await expectAnswersKept(client, purchases, "without");
    await expectOneOrderForEachKey(client, purchases);
    await expectStockOfOrders(client, purchases);
  },
});
