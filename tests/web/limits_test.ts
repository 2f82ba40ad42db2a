/**
 * Limits: what a client is told of them, who a client is, and that a refusal
 * comes before any work.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Client } from "./client.ts";

Deno.test("Answers name the policy and what is left of it", async () => {
  const client = new Client({ tokens: 400 });
  const answer = await client.ask("/v1/orders", { as: "ada" });
  assert.equal(answer.headers.get("ratelimit-policy"), '"user";q=400;w=2');
  assert.equal(answer.headers.get("ratelimit"), '"user";r=399;t=1');
  const product = await client.ask("/v1/products/85123A");
  const policy = product.headers.get("ratelimit-policy");
  assert.equal(policy, '"address";q=400;w=2');
});

Deno.test("A client over his limit gets 429 and when to come back", async () => {
  const client = new Client({ tokens: 1 });
  await client.ask("/v1/products/85123A");
  const answer = await client.ask("/v1/products/85123A");
  assert.equal(answer.status, 429);
  assert.equal(answer.json.type, "/problems/rate-limited");
  assert.equal(answer.headers.get("retry-after"), "2");
  assert.equal(answer.headers.get("ratelimit"), '"address";r=0;t=2');
});

Deno.test("A refused request's body is not even looked at", async () => {
  const client = new Client({ tokens: 1 });
  const ask = { as: "ada", key: "k", body: "{" };
  assert.equal((await client.ask("/v1/orders", ask)).status, 400);
  assert.equal((await client.ask("/v1/orders", ask)).status, 429);
});

Deno.test("Each user has a bucket of his own, whatever his address", async () => {
  const client = new Client({ tokens: 1 });
  assert.equal((await client.ask("/v1/orders", { as: "ada" })).status, 200);
  assert.equal((await client.ask("/v1/orders", { as: "bob" })).status, 200);
  assert.equal((await client.ask("/v1/orders", { as: "ada" })).status, 429);
});

Deno.test("X-Forwarded-For counts only when a trusted proxy sent it", async () => {
  const trustedProxies = ["10.0.0.0/8", "::1"];
  const client = new Client({ tokens: 1, trustedProxies });
  const from = async (forwarded: string, address: string) => {
    const headers = { "x-forwarded-for": forwarded };
    const ask = { headers, address };
    return (await client.ask("/v1/products/85123A", ask)).status;
  };
  assert.equal(await from("198.51.100.1", "10.0.0.1"), 200);
  assert.equal(await from("198.51.100.2", "10.0.0.1"), 200);
  assert.equal(await from("198.51.100.1, 10.9.9.9", "::1"), 429);
  // Whoever writes his own chain is still the last hop before the proxy.
  assert.equal(await from("203.0.113.9, 198.51.100.2", "10.0.0.1"), 429);
  assert.equal(await from("203.0.113.1", "192.0.2.7"), 200);
  assert.equal(await from("203.0.113.2", "192.0.2.7"), 429);
});

Deno.test("A proxy that is no address is refused at the start", () => {
  assert.throws(() => new Client({ trustedProxies: ["proxy"] }), TypeError);
});

Deno.test("Probes are not metered", async () => {
  const client = new Client({ tokens: 0 });
  assert.equal((await client.ask("/health/live")).status, 200);
  assert.equal((await client.ask("/v1/products")).status, 429);
});

Deno.test("A request in line waits as long as it is told before anything is done", async () => {
  const client = new Client({ delayMs: 400 });
  const answer = await client.order("ada");
  assert.equal(answer.status, 201);
  assert.deepEqual(client.waitsMs, [400]);
});

Deno.test("A page has the limits of the API's route that does the same", async () => {
  const client = new Client();
  const paths = [
    "/products/85123A",
    "/v1/products/85123A",
    "/",
    "/v1/products",
    "/orders",
    "/v1/orders",
    "/orders/o-1",
    "/v1/orders/o-1",
  ];
  for (const path of paths) await client.ask(path, { as: "ada" });
  await client.order("ada");
  assert.deepEqual(client.gate.routes, [
    ...["readProduct", "readProduct", "searchProducts", "searchProducts"],
    ...["listOrders", "listOrders", "readOrder", "readOrder", "placeOrder"],
  ]);
});

Deno.test("A product in the envelope has the limits of a product", async () => {
  const client = new Client();
  await client.ask("/product/85123A");
  assert.deepEqual(client.gate.routes, ["readProduct"]);
});

Deno.test("An order goes to the gate with what let it in, to be given back", async () => {
  const client = new Client();
  const { gate } = client;
  const admitted = gate.admit.bind(gate);
  const given: unknown[] = [];
  gate.admit = (...asked) => {
    given.push(admitted(...asked));
    return given.at(-1) as ReturnType<typeof admitted>;
  };
  const place = gate.placeOrder.bind(gate);
  gate.placeOrder = (...order) => {
    given.push(order[4]);
    place(...order);
  };
  await client.order("ada");
  assert.equal(given.length, 2);
  assert.equal(given[0], given[1]);
});
