/**
 * Bad input of any kind is a 4xx that names the field, and changes nothing.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ADMIN_TOKEN, Client } from "./client.ts";

const LINE = { sku: "85123A", quantity: 1 };

async function place(body: unknown, headers: Record<string, string> = {}) {
  const client = new Client();
  const answer = await client.ask("/v1/orders", {
    as: "ada",
    key: "k",
    body,
    headers,
  });
  const product = await client.ask("/v1/products/85123A");
  assert.equal(product.json.available, 100, "nothing may have changed");
  return answer;
}

const WRONG: readonly (readonly [string, unknown, string])[] = [
  ["a list", [], "body"],
  ["null", null, "body"],
  ["no lines", {}, "lines"],
  ["an empty list of lines", { lines: [] }, "lines"],
  ["lines as text", { lines: "x" }, "lines"],
  ["quantity 0", { lines: [{ ...LINE, quantity: 0 }] }, "lines[0].quantity"],
  ["quantity -1", { lines: [{ ...LINE, quantity: -1 }] }, "lines[0].quantity"],
  [
    "quantity 1.5",
    { lines: [{ ...LINE, quantity: 1.5 }] },
    "lines[0].quantity",
  ],
  [
    "quantity as text",
    { lines: [{ ...LINE, quantity: "1" }] },
    "lines[0].quantity",
  ],
  [
    "quantity 2^53",
    { lines: [{ ...LINE, quantity: 2 ** 53 }] },
    "lines[0].quantity",
  ],
  [
    "quantity 10,001",
    { lines: [{ ...LINE, quantity: 10_001 }] },
    "lines[0].quantity",
  ],
  ["a second bad line", { lines: [LINE, { sku: "x" }] }, "lines[1].quantity"],
  ["an empty sku", { lines: [{ ...LINE, sku: "" }] }, "lines[0].sku"],
  ["a number as sku", { lines: [{ ...LINE, sku: 7 }] }, "lines[0].sku"],
  ["a field nobody knows", { lines: [LINE], coupon: "x" }, "coupon"],
  [
    "a line's field nobody knows",
    { lines: [{ ...LINE, price: 1 }] },
    "lines[0].price",
  ],
  [
    "a __proto__ key",
    '{"lines":[{"sku":"85123A","quantity":1}],"__proto__":{}}',
    "__proto__",
  ],
  ["a constructor key", { lines: [LINE], constructor: {} }, "constructor"],
  ["101 lines", { lines: Array(101).fill(LINE) }, "lines"],
  ["10,000 lines", { lines: Array(10_000).fill(LINE) }, "lines"],
];

for (const [what, body, field] of WRONG) {
  // G29
  Deno.test(`An order with ${what} is 422 and names ${field}`, async () => {
    const answer = await place(body);
    assert.equal(answer.status, 422);
    assert.equal(answer.json.type, "/problems/invalid-input");
    const fields = answer.json.errors.map((e: { field: string }) => e.field);
    assert.ok(fields.includes(field), `${fields}`);
  });
}

// G29
Deno.test("What is not JSON is 400", async () => {
  for (const body of ["", "{", "{'a':1}", "NaN", "[".repeat(10_000)]) {
    const answer = await place(body);
    assert.equal(answer.status, 400, body.slice(0, 10));
    assert.equal(answer.json.type, "/problems/invalid-input");
    assert.equal(answer.json.status, 400);
  }
});

Deno.test("What is not UTF-8 is 400", async () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ lines: [LINE] }));
  bytes[12] = 0xff;
  assert.equal((await place(bytes)).status, 400);
});

Deno.test("A repeated key in JSON counts as its last value", async () => {
  const body = '{"lines":[],"lines":[{"sku":"22423","quantity":1}]}';
  assert.equal((await place(body)).status, 201);
});

Deno.test("Another content type is 415", async () => {
  for (
    const type of ["text/plain", "application/jsonx", "multipart/form-data"]
  ) {
    const answer = await place("{}", { "content-type": type });
    assert.equal(answer.status, 415, type);
  }
  const headers = { "content-type": "Application/JSON; charset=utf-8" };
  assert.equal((await place("{}", headers)).status, 422);
});

Deno.test("A megabyte is 413, whether its length is announced or not", async () => {
  const text = JSON.stringify({ lines: [LINE], padding: "x".repeat(1e6) });
  const announced = { "content-length": String(text.length) };
  assert.equal((await place(text, announced)).status, 413);
  assert.equal((await place(text)).status, 413);
});

Deno.test("A body of exactly the limit is read", async () => {
  const text = '{"lines":[]}';
  const ask = { as: "ada", key: "k", body: text };
  const fits = new Client({ bodyLimitBytes: text.length });
  assert.equal((await fits.ask("/v1/orders", ask)).status, 422);
  const tight = new Client({ bodyLimitBytes: text.length - 1 });
  assert.equal((await tight.ask("/v1/orders", ask)).status, 413);
});

Deno.test("A missing, empty, long or odd Idempotency-Key is 400", async () => {
  const client = new Client();
  const body = { lines: [LINE] };
  const none = await client.ask("/v1/orders", { as: "ada", body });
  assert.equal(none.status, 400);
  assert.equal(none.json.type, "/problems/idempotency-key-missing");
  for (const key of ['""', "a b", "a".repeat(256), "ä", '"a b"', "a, b"]) {
    const answer = await client.ask("/v1/orders", { as: "ada", key, body });
    assert.equal(answer.status, 400, key);
    assert.equal(answer.json.type, "/problems/idempotency-key-invalid");
  }
  const key = "a".repeat(255);
  const longest = await client.ask("/v1/orders", { as: "ada", key, body });
  assert.equal(longest.status, 201);
});

Deno.test("A limit out of range is 422 and names limit", async () => {
  const client = new Client();
  for (const limit of ["0", "101", "-1", "x", "1.5", ""]) {
    const answer = await client.ask(`/v1/products?limit=${limit}`);
    assert.equal(answer.status, 422, limit);
    assert.equal(answer.json.errors[0].field, "limit");
  }
  assert.equal((await client.ask("/v1/products?limit=100")).status, 200);
  assert.equal((await client.ask("/v1/products?q=%zz")).status, 200);
});

Deno.test("A username or password out of bounds names its field", async () => {
  const client = new Client();
  const good = { username: "ada", password: "12345678" };
  for (const username of ["ab", "a".repeat(65), "a b", "ä-ö-ü", 7]) {
    const body = { ...good, username };
    const answer = await client.ask("/v1/users", { body });
    assert.equal(answer.status, 422);
    assert.equal(answer.json.errors[0].field, "username");
  }
  for (const password of ["1234567", "a".repeat(257)]) {
    const body = { ...good, password };
    const answer = await client.ask("/v1/users", { body });
    assert.equal(answer.json.errors[0].field, "password");
  }
});

Deno.test("Another method is 405 and says which are allowed", async () => {
  const client = new Client();
  const answer = await client.ask("/v1/orders/1", { method: "PUT" });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get("allow"), "GET, HEAD");
  const orders = await client.ask("/v1/orders", { method: "DELETE" });
  assert.equal(orders.headers.get("allow"), "POST, GET, HEAD");
});

Deno.test("What is not there, or not yet, is 404 problem+json", async () => {
  const client = new Client();
  const paths = ["/v1", "/v1/cart", "/v1/coupons", "/v1/me/history", "/v2/%zz"];
  for (const path of [...paths, "/console", "//"]) {
    const answer = await client.ask(path);
    assert.equal(answer.status, 404, path);
    assert.equal(answer.json.type, "/problems/not-found");
  }
});

Deno.test("A mistake of ours is 500, logged, and says nothing of itself", async () => {
  const client = new Client();
  client.gate.topology = () => {
    throw new Error("secret detail");
  };
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const answer = await client.ask("/v1/admin/topology", { headers });
  assert.equal(answer.status, 500);
  assert.equal(answer.json.type, "/problems/internal");
  assert.doesNotMatch(answer.text, /secret detail/);
  assert.equal(client.logged.length, 1);
});

Deno.test("No answer lets a browser guess its type", async () => {
  const client = new Client();
  for (
    const path of ["/", "/v1/products/85123A", "/v1/orders", "/none", "/docs"]
  ) {
    const { headers } = await client.ask(path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
  }
});
