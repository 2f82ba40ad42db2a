/**
 * Orders over HTTP: placing, repeating, paying, cancelling, reading.
 *
 * @module
 */
import assert from "node:assert/strict";
import { failed, unknown } from "../../actors/runtime/outcome.ts";
import { Client } from "./client.ts";

const ONE = { lines: [{ sku: "85123A", quantity: 1 }] };

Deno.test("An order answers 201 with prices, total, deadline and Location", async () => {
  const client = new Client();
  const body = { lines: [{ sku: "85123A", quantity: 2 }] };
  const answer = await client.ask("/v1/orders", { as: "ada", key: "1", body });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get("location"), `/v1/orders/${answer.json.id}`);
  assert.equal(answer.headers.get("cache-control"), "private, no-store");
  assert.deepEqual(answer.json, {
    id: answer.json.id,
    status: "awaiting_payment",
    lines: [{ sku: "85123A", quantity: 2, priceCents: 295 }],
    totalCents: 590,
    currency: "GBP",
    reservedUntil: new Date(client.nowMs + 900_000).toISOString(),
    placedAt: new Date(client.nowMs).toISOString(),
  });
});

// G8
Deno.test("The same key gets the same answer again, marked as replayed", async () => {
  const client = new Client();
  const first = await client.order("ada", "85123A", "key-1");
  const again = await client.order("ada", "85123A", '"key-1"');
  assert.equal(again.status, 201);
  assert.equal(again.text, first.text);
  assert.equal(first.headers.get("idempotent-replayed"), null);
  assert.equal(again.headers.get("idempotent-replayed"), "true");
});

Deno.test("The same key with another body is refused as reused", async () => {
  const client = new Client();
  await client.order("ada", "85123A", "key-1");
  const answer = await client.order("ada", "22423", "key-1");
  assert.equal(answer.status, 422);
  assert.equal(answer.json.type, "/problems/idempotency-key-reused");
});

Deno.test("A sold-out product answers 409 as problem+json", async () => {
  const answer = await new Client().order("ada", "21212");
  assert.equal(answer.status, 409);
  const type = "application/problem+json";
  assert.equal(answer.headers.get("content-type"), type);
  const { traceId, ...rest } = answer.json;
  assert.match(traceId, /^[0-9a-f]{32}$/);
  assert.deepEqual(rest, {
    type: "/problems/sold-out",
    title: "Sold out",
    status: 409,
    detail: "There is not enough of it left.",
    instance: "/v1/orders",
    retryable: false,
  });
});

Deno.test("A caller's traceparent is the problem's traceId", async () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  const answer = await new Client().ask("/v1/orders", { headers });
  assert.equal(answer.json.traceId, traceId);
});

Deno.test("A failure is 503 with Retry-After in whole seconds", async () => {
  const client = new Client();
  client.gate.failNext = failed("crashed", 1200);
  const answer = await client.order("ada");
  assert.equal(answer.status, 503);
  assert.equal(answer.json.type, "/problems/unavailable");
  assert.equal(answer.json.retryable, true);
  assert.equal(answer.headers.get("retry-after"), "2");
});

Deno.test("An unknown outcome is never reported as a failure", async () => {
  const client = new Client();
  client.gate.failNext = unknown(0);
  const answer = await client.order("ada");
  assert.equal(answer.status, 503);
  assert.equal(answer.json.type, "/problems/outcome-unknown");
  assert.equal(answer.headers.get("retry-after"), "1");
});

Deno.test("An order is paid once and then says already-paid", async () => {
  const client = new Client();
  const { json: order } = await client.order("ada");
  const path = `/v1/orders/${order.id}/payments`;
  const body = { method: "sandbox" };
  const paid = await client.ask(path, { as: "ada", key: "p", body });
  assert.equal(paid.status, 200);
  assert.equal(paid.json.status, "paid");
  const again = await client.ask(path, { as: "ada", key: "q", body });
  assert.equal(again.status, 409);
  assert.equal(again.json.type, "/problems/already-paid");
});

Deno.test("A cancelled order gives its stock back", async () => {
  const client = new Client();
  const { json: order } = await client.order("ada", "22423");
  const path = `/v1/orders/${order.id}/cancel`;
  const answer = await client.ask(path, { as: "ada", method: "POST" });
  assert.equal(answer.status, 200);
  assert.equal(answer.json.status, "cancelled");
  const product = await client.ask("/v1/products/22423");
  assert.equal(product.json.available, 3);
});

Deno.test("Another user's order is not found", async () => {
  const client = new Client();
  const { json: order } = await client.order("ada");
  const answer = await client.ask(`/v1/orders/${order.id}`, { as: "bob" });
  assert.equal(answer.status, 404);
});

Deno.test("Orders are listed newest first, page by page", async () => {
  const client = new Client();
  for (const key of ["1", "2", "3"]) await client.order("ada", "85123A", key);
  const first = await client.ask("/v1/orders?limit=2", { as: "ada" });
  const ids = first.json.items.map(({ id }: { id: string }) => id);
  assert.deepEqual(ids, ["order-3", "order-2"]);
  const next = `/v1/orders?limit=2&after=${first.json.next}`;
  const second = await client.ask(next, { as: "ada" });
  assert.deepEqual(second.json.items.map((o: { id: string }) => o.id), [
    "order-1",
  ]);
  assert.equal(second.json.next, undefined);
});

// G31
Deno.test("A write by cookie is accepted from the own origin only", async () => {
  const client = new Client();
  const cookie = `session=${client.token({ sub: "ada" })}`;
  const send = (headers: Record<string, string>, key: string) =>
    client.ask("/v1/orders", {
      headers: { cookie, ...headers },
      key,
      body: ONE,
    });
  const host = "shop.test";
  assert.equal((await send({}, "1")).status, 201);
  assert.equal(
    (await send({ "sec-fetch-site": "same-origin" }, "2")).status,
    201,
  );
  assert.equal(
    (await send({ host, origin: "http://shop.test" }, "3")).status,
    201,
  );
  assert.equal(
    (await send({ host, origin: "http://evil.test" }, "4")).status,
    403,
  );
  assert.equal((await send({ origin: "null" }, "5")).status, 403);
  assert.equal(
    (await send({ "sec-fetch-site": "cross-site" }, "6")).status,
    403,
  );
});
