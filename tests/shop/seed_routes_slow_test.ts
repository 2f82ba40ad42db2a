/** The routes of the first documents in a shop that runs, as they ask for. */
import assert from "node:assert/strict";
import { LACKS_PROCESSES, products, Stage } from "./stage.ts";

/** A page of them is over 4 kB. */
const CATALOG = products("thing", 60, 10);

async function jsonOf(answer: Promise<Response>) {
  const { status, headers, ...response } = await answer.then(async (each) => ({
    status: each.status,
    headers: each.headers,
    body: await each.json(),
  }));
  return { status, headers, body: response.body };
}

Deno.test({
  name: "row 61: a login is a form that gives a session, a wrong password is " +
    "401, and the sixth in a row 429, of a shop that runs",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start({
      admission: { trustedProxies: ["127.0.0.1"] },
    });
    const url = await shop.url;
    const login = (password: string) =>
      jsonOf(fetch(`${url}/login`, {
        method: "POST",
        // As a proxy says it that took the request over https.
        headers: { "x-forwarded-proto": "https" },
        body: new URLSearchParams({ username: "admin", password }),
      }));
    const registered = await jsonOf(fetch(`${url}/v1/users`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: "admin", password: "12345678" }),
    }));
    assert.equal(registered.status, 201);

    const good = await login("12345678");
    assert.deepEqual([good.status, good.body.status], [200, "success"]);
    const cookie = good.headers.get("set-cookie") ?? "";
    const fields = ["HttpOnly", "Secure", "SameSite=Lax", "Max-Age=3600"];
    for (const field of fields) {
      assert.ok(cookie.includes(`; ${field}`), cookie);
    }
    const headers = { cookie: cookie.split(";")[0]! };
    const orders = await jsonOf(fetch(`${url}/v1/orders`, { headers }));
    assert.equal(orders.status, 200);

    for (let bad = 0; bad < 5; bad++) {
      const { status, body, headers } = await login("123456");
      assert.deepEqual([status, body.status], [401, "error"]);
      assert.equal(headers.get("set-cookie"), null);
    }
    const sixth = await login("123456");
    assert.deepEqual([sixth.status, sixth.body.status], [429, "error"]);
    assert.ok(Number(sixth.headers.get("retry-after")) > 0);
  },
});

/** An answer as it crosses the wire, as `fetch` unpacks it unasked. */
async function raw(url: string, path: string, headers: string) {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const request = `GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\n` +
    `connection: close\r\n${headers}\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const bytes = await new Response(connection.readable).bytes();
  const text = new TextDecoder("latin1").decode(bytes);
  const border = text.indexOf("\r\n\r\n");
  return { head: text.slice(0, border).toLowerCase(), length: bytes.length };
}

Deno.test({
  name:
    "rows 29, 30, 31 and 69: a product, its place in the cache and a page " +
    "of products answer as the documents should have had it",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start();
    const url = await shop.url;
    const admin = { authorization: `Bearer ${stage.secrets[1]}` };
    const ask = (path: string, method = "GET") =>
      jsonOf(fetch(url + path, { method, headers: admin }));

    const found = await ask("/product/thing-1");
    assert.deepEqual([found.status, found.body.data.sku], [200, "thing-1"]);
    for (const sku of ["999", "abc", "%00"]) {
      const lost = await ask(`/product/${sku}`);
      assert.deepEqual([lost.status, lost.body.status], [404, "error"], sku);
    }

    const place = "/cache/product/thing-2";
    for (let look = 0; look < 3; look++) {
      assert.equal((await ask(place)).status, 404, "to look changes nothing");
    }
    assert.equal((await ask(place, "PUT")).status, 201);
    const next = await ask("/product/thing-2");
    assert.match(next.headers.get("cache-status")!, /^doorbuster; hit/);
    for (const sku of ["thing-2", "thing-2", "never-held"]) {
      const dropped = await ask(`/cache/product/${sku}`, "DELETE");
      assert.equal(dropped.status, 200);
    }
    assert.equal((await ask(place)).status, 404);

    const path = "/v1/products?limit=60";
    const plain = await raw(url, path, "");
    const small = await raw(url, path, "accept-encoding: gzip\r\n");
    assert.ok(plain.length > 4_096, `${plain.length}`);
    assert.ok(small.length < plain.length / 2, `${small.length}`);
    assert.match(small.head, /\r\ncontent-encoding: gzip(\r\n|$)/);
    for (const { head } of [plain, small]) {
      assert.match(head, /\r\nvary: accept-encoding(\r\n|$)/);
    }
  },
});
