/**
 * Products over HTTP: reading one, revalidating it, searching.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ok } from "../../actors/runtime/outcome.ts";
import { Client } from "./client.ts";

Deno.test("A product is the cache's text with ETag and Cache-Status", async () => {
  const answer = await new Client().ask("/v1/products/85123A");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("etag"), '"1"');
  assert.equal(answer.headers.get("cache-status"), "doorbuster; hit; ttl=5");
  assert.deepEqual(answer.json, {
    sku: "85123A",
    name: "WHITE HANGING HEART",
    priceCents: 295,
    currency: "GBP",
    stockState: "in_stock",
    available: 100,
    version: 1,
  });
});

Deno.test("A known version is answered 304 without a body", async () => {
  const client = new Client();
  for (const tag of ['"1"', 'W/"1"', '"0", "1"', "*"]) {
    const headers = { "if-none-match": tag };
    const answer = await client.ask("/v1/products/85123A", { headers });
    assert.equal(answer.status, 304, tag);
    assert.equal(answer.text, "");
    assert.equal(answer.headers.get("etag"), '"1"');
  }
  const headers = { "if-none-match": '"2"' };
  const answer = await client.ask("/v1/products/85123A", { headers });
  assert.equal(answer.status, 200);
});

Deno.test("Cache-Control: no-cache reads through", async () => {
  const headers = { "cache-control": "no-cache" };
  const answer = await new Client().ask("/v1/products/85123A", { headers });
  const status = answer.headers.get("cache-status");
  assert.equal(status, "doorbuster; fwd=request; stored");
});

// G28
Deno.test("A stale product says that it is stale", async () => {
  const client = new Client();
  const stale = { body: "{}", version: 1, status: "stale", freshForMs: 0 };
  client.gate.failNext = ok(stale as never);
  const answer = await client.ask("/v1/products/85123A");
  const status = answer.headers.get("cache-status");
  assert.equal(status, "doorbuster; hit; ttl=0; detail=stale");
});

Deno.test("A read says where its time went to who asks for it, and to nobody else", async () => {
  const client = new Client();
  const path = "/v1/products/85123A";
  const timing = async (path: string) =>
    (await client.ask(path)).headers.get("server-timing");
  const filled = { version: 1, freshForMs: 59_900, storeMs: 12 };
  const miss = ok({ ...filled, body: "{}", status: "miss" });
  client.gate.failNext = miss as never;
  assert.equal(
    await timing(`${path}?trace`),
    'auth;dur=0.000, route;dur=0.000, cache;desc="miss";dur=0.000, ' +
      'store;dur=12, fill;desc="ttl=59", respond;dur=0.000',
  );
  const hit = 'cache;desc="hit";dur=0.000, respond;dur=0.000';
  for (const traced of [`${path}?trace`, "/product/85123A?a=b&trace=1"]) {
    const parts = await timing(traced);
    assert.equal(parts, `auth;dur=0.000, route;dur=0.000, ${hit}`);
  }
  for (const plain of [path, `${path}?q=trace`, `${path}?trace=0`]) {
    assert.equal(await timing(plain), null);
    assert.equal((await client.ask(plain)).status, 200);
  }
});

Deno.test("HEAD has the fields of GET and no body", async () => {
  const answer = await new Client().ask("/v1/products/85123A", {
    method: "HEAD",
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("etag"), '"1"');
  assert.equal(answer.text, "");
});

Deno.test("Nothing that is no sku is a mistake of ours", async () => {
  const client = new Client();
  const names = ["nope", "__proto__", "constructor", "%zz", "%00", "%ff"];
  for (const name of [...names, "a".repeat(5000), "%F0%9F%98%80"]) {
    const answer = await client.ask(`/v1/products/${name}`);
    assert.equal(answer.status, 404, name.slice(0, 20));
    assert.equal(answer.json.type, "/problems/not-found");
  }
});

Deno.test("A search gives whole products and a cursor to the next page", async () => {
  const client = new Client();
  const first = await client.ask("/v1/products?limit=2");
  assert.equal(first.json.items.length, 2);
  assert.equal(first.json.items[1].priceCents, 1275);
  const second = await client.ask(`/v1/products?after=${first.json.next}`);
  assert.deepEqual(second.json.items.map((p: { sku: string }) => p.sku), [
    "21212",
  ]);
  assert.equal("next" in second.json, false);
  const found = await client.ask("/v1/products?q=cake");
  assert.equal(found.json.items.length, 2);
});
