/**
 * The caches over HTTP: looking, warming, dropping, in the shop's own words and
 * in the envelope of the first documents; what Cache-Status says.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CacheStatus } from "../../actors/cache_node.ts";
import { failed, ok } from "../../actors/runtime/outcome.ts";
import { ADMIN_TOKEN, Client } from "./client.ts";

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };
const METHODS = ["GET", "PUT", "DELETE"] as const;

function admin(client: Client, method: string, path: string) {
  return client.ask(path, { method, headers: ADMIN });
}

Deno.test("The admin looks into the cache, warms it and makes it forget", async () => {
  const client = new Client();
  const path = "/v1/admin/cache/85123A";
  const held = await admin(client, "GET", path);
  assert.equal(held.status, 200);
  assert.deepEqual(Object.keys(held.json).sort(), [
    "freshForMs",
    "product",
    "status",
    "version",
  ]);
  assert.equal(held.json.product.sku, "85123A");
  const dropped = await admin(client, "DELETE", path);
  assert.deepEqual([dropped.status, dropped.text], [204, ""]);
  assert.equal((await admin(client, "GET", path)).status, 404);
  assert.equal((await admin(client, "PUT", path)).status, 204);
  assert.equal((await admin(client, "GET", path)).status, 200);
});

Deno.test("row 31: dropping a product that is not held is fine", async () => {
  const client = new Client();
  for (const path of ["/v1/admin/cache/nope", "/cache/product/nope"]) {
    const { status } = await admin(client, "DELETE", path);
    assert.equal(status, path.startsWith("/v1") ? 204 : 200);
  }
});

Deno.test("row 30: only the admin token warms or drops, and a GET changes nothing", async () => {
  const client = new Client();
  const path = "/cache/product/85123A";
  await admin(client, "DELETE", path);
  for (const method of ["PUT", "DELETE"]) {
    assert.equal((await client.ask(path, { method })).status, 401);
    const user = await client.ask(path, { method, as: "ada" });
    assert.equal(user.status, 403);
    assert.equal(user.json.status, "error");
  }
  for (let times = 0; times < 2; times++) {
    const look = await client.ask(path);
    assert.equal(look.status, 404);
    assert.deepEqual(Object.keys(look.json), ["status", "message"]);
  }
  assert.equal((await admin(client, "PUT", path)).status, 201);
  const read = await client.ask("/v1/products/85123A");
  assert.match(read.headers.get("cache-status")!, /^doorbuster; hit/);
  const again = await admin(client, "PUT", path);
  assert.deepEqual([again.status, again.json.status], [200, "success"]);
});

Deno.test("row 29: a product in the envelope has the status that it deserves", async () => {
  const client = new Client();
  const found = await client.ask("/product/85123A");
  assert.equal(found.status, 200);
  assert.equal(found.json.status, "success");
  assert.equal(found.json.data.priceCents, 295);
  assert.equal(found.headers.get("etag"), '"1"');
  const tag = { "if-none-match": '"1"' };
  const known = await client.ask("/product/85123A", { headers: tag });
  assert.equal(known.status, 304);
  for (const sku of ["999", "abc", "%00", "a".repeat(5000)]) {
    const lost = await client.ask(`/product/${sku}`);
    assert.equal(lost.status, 404, sku);
    assert.equal(lost.json.status, "error");
    assert.equal(typeof lost.json.message, "string");
  }
  client.gate.failNext = failed("unavailable", 2_000);
  const down = await client.ask("/product/85123A");
  assert.deepEqual([down.status, down.json.status], [503, "error"]);
  assert.equal(down.headers.get("retry-after"), "2");
});

Deno.test("No name that a path can have is a mistake of the cache's", async () => {
  const client = new Client();
  for (const method of METHODS) {
    for (const sku of ["__proto__", "%zz", "%ff", "a".repeat(5000)]) {
      for (const path of ["/v1/admin/cache", "/cache/product"]) {
        const { status } = await admin(client, method, `${path}/${sku}`);
        assert.ok(status === 404 || method === "DELETE" && status < 300);
      }
    }
  }
});

Deno.test("Cache-Status says whence a product came, in RFC 9211's words", async () => {
  const client = new Client();
  const said = async (status: CacheStatus, fresh = false) => {
    const product = { body: "{}", version: 1, status, freshForMs: 5_900 };
    client.gate.failNext = ok(product as never);
    const headers = fresh ? { "cache-control": "no-cache" } : {};
    const answer = await client.ask("/v1/products/85123A", { headers });
    return answer.headers.get("cache-status");
  };
  assert.equal(await said("hit"), "doorbuster; hit; ttl=5");
  assert.equal(await said("near"), "doorbuster-edge; hit; ttl=0");
  assert.equal(await said("miss"), "doorbuster; fwd=miss; stored");
  assert.equal(await said("expired"), "doorbuster; fwd=stale; stored");
  assert.equal(await said("collapsed"), "doorbuster; fwd=miss; collapsed");
  assert.equal(
    await said("revalidating"),
    "doorbuster; hit; ttl=0; detail=revalidating",
  );
  assert.equal(await said("expired", true), "doorbuster; fwd=request; stored");
  assert.equal(
    await said("collapsed", true),
    "doorbuster; fwd=request; collapsed",
  );
});
