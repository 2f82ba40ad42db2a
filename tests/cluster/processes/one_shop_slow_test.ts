/** Three processes with one Redis and one PostgreSQL are one shop. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { insist } from "../../shop/purchase.ts";
import { expectBody, type ShopClient } from "../../shop/shop_client.ts";
import { eventually, products } from "../../shop/stage.ts";
import { ShopCluster } from "./shop_cluster.ts";

const LINES = [{ sku: "thing-0", quantity: 2 }];
/** What is told to all processes takes milliseconds on an idle machine. */
const HEARD_WITHIN_MS = 5_000;

/** What each of the processes is asked, in turn. */
type Three = readonly [ShopClient, ShopClient, ShopClient];

const CLAIMS: readonly {
  readonly name: string;
  holds(three: Three): Promise<void>;
}[] = [
  {
    name: "an order placed at one is paid at another and read at the third",
    async holds([a, b, c]) {
      const order = expectBody(await a.placeOrder("ada", "key-1", LINES));
      const paid = expectBody(await b.payOrder("ada", order.id, "pay-1"));
      assert.equal(paid.status, "paid");
      const read = expectBody(await c.readOrder("ada", order.id));
      assert.deepEqual(read, { ...order, status: "paid" });
    },
  },
  {
    name: "one key at all three at once is one order",
    async holds(three) {
      const answers = await Promise.all(
        three.map((each) =>
          insist(() => each.placeOrder("bob", "key-1", LINES))
        ),
      );
      const ids = new Set(answers.map((answer) => expectBody(answer).id));
      assert.equal(ids.size, 1);
      assert.equal((await three[0].listOrders("bob")).length, 1);
    },
  },
  {
    name: "one user over his limit at one is over it at all",
    async holds(three) {
      const lines = [{ sku: "thing-1", quantity: 3 }];
      const answers = await Promise.all(
        three.map((each, index) => each.placeOrder("cy", `k${index}`, lines)),
      );
      const codes = answers.map(({ problem }) => problem?.code ?? "ok");
      assert.deepEqual(codes.sort(), [
        "ok",
        "purchase-limit",
        "purchase-limit",
      ]);
    },
  },
  {
    name: "who registers at one signs in at another",
    async holds([a, b]) {
      const json = { username: "dora", password: "correct horse battery" };
      const user = await a.call("POST", "/v1/users", { json });
      assert.equal(user.status, 201);
      const session = await b.call("POST", "/v1/sessions", { json });
      assert.equal(session.status, 201);
    },
  },
  {
    name: "a session that ends at one is refused at the others",
    async holds([a, b, c]) {
      const json = { username: "eve", password: "correct horse battery" };
      await a.call("POST", "/v1/users", { json });
      const { token } = expectBody(
        await a.call<{ token: string }>("POST", "/v1/sessions", { json }),
      );
      const as = { token };
      for (const each of [a, b, c]) {
        assert.equal(
          (await each.call("GET", "/v1/orders", { as })).status,
          200,
        );
      }
      await a.call("DELETE", "/v1/sessions/current", { as });
      for (const each of [a, b, c]) {
        await eventually(
          "the session to be over",
          HEARD_WITHIN_MS,
          async () => {
            const { status } = await each.call("GET", "/v1/orders", { as });
            return status === 401 ? true : null;
          },
        );
      }
    },
  },
  {
    name: "stock that is sold or added at one is seen at the others",
    async holds([a, b, c]) {
      const read = async (client: ShopClient) =>
        expectBody(
          await client.call<{ available: number }>(
            "GET",
            "/v1/products/thing-2",
          ),
        ).available;
      for (const each of [a, b, c]) assert.equal(await read(each), 10);
      const sees = (client: ShopClient, units: number) =>
        eventually(
          `${units} to be seen`,
          HEARD_WITHIN_MS,
          async () => await read(client) === units ? true : null,
        );
      await a.placeOrder("fay", "key-1", [{ sku: "thing-2", quantity: 1 }]);
      for (const each of [a, b, c]) await sees(each, 9);
      expectBody(
        await b.call("POST", "/v1/admin/products/thing-2/stock", {
          as: { admin: true },
          json: { add: 5 },
        }),
      );
      for (const each of [a, b, c]) await sees(each, 14);
    },
  },
  {
    name: "the books agree, whoever is asked",
    async holds(three) {
      const audits = await Promise.all(three.map((each) => each.auditAll()));
      for (const { totals, violations } of audits) {
        assert.deepEqual(violations, []);
        assert.deepEqual(totals, audits[0]!.totals);
      }
    },
  },
];

Deno.test({
  name: "G110 three processes are one shop",
  ignore: !granted("net", "run", "read", "write", "env", "sys"),
  async fn(test) {
    const config = { orders: { limitPerUser: 4 } };
    await using cluster = await ShopCluster.prepare(
      products("thing", 8, 10),
      config,
    );
    const [a, b, c] = await cluster.startServing(3);
    for (const { name, holds } of CLAIMS) {
      await test.step(name, () => holds([a!, b!, c!]));
    }
  },
});
