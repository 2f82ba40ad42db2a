/**
 * The admin's routes, probes and metrics.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ADMIN_TOKEN, Client } from "./client.ts";

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };

Deno.test("Admin routes want the admin token and nothing else", async () => {
  const client = new Client();
  const path = "/v1/admin/topology";
  assert.equal((await client.ask(path)).status, 401);
  assert.equal((await client.ask(path, { as: "ada" })).status, 403);
  const wrong = { authorization: "Bearer wrong" };
  assert.equal((await client.ask(path, { headers: wrong })).status, 401);
  const cookie = { cookie: `session=${client.token({ sub: "ada" })}` };
  assert.equal((await client.ask(path, { headers: cookie })).status, 403);
  const answer = await client.ask(path, { headers: ADMIN });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, { roles: ["memory"] });
});

Deno.test("Limits and breakers are shown to the admin alone", async () => {
  const client = new Client({ tokens: 400 });
  const about = async (path: string) => {
    assert.equal((await client.ask(path)).status, 401);
    return (await client.ask(path, { headers: ADMIN })).json;
  };
  assert.deepEqual(await about("/v1/admin/limits"), {
    limits: [{ name: "user", burst: 400 }],
  });
  assert.deepEqual(await about("/v1/admin/breakers"), {
    breakers: [{ address: "memory", state: "closed" }],
  });
});

Deno.test("Locks are listed with owner and fence, for the admin alone", async () => {
  const client = new Client();
  const shared = { kind: "epoch", state: "held", leftMs: null } as const;
  const lock = { name: "inventory[0]", owner: "worker-0", fence: 3, ...shared };
  client.gate.locks = () => [lock];
  const path = "/v1/admin/locks";
  assert.equal((await client.ask(path, { as: "ada" })).status, 403);
  const answer = await client.ask(path, { headers: ADMIN });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, { items: [lock] });
});

Deno.test("Stock is added and removed down to what is available", async () => {
  const client = new Client();
  const change = (add: unknown) =>
    client.ask("/v1/admin/products/22423/stock", {
      headers: ADMIN,
      body: { add },
    });
  assert.equal((await change(5)).json.available, 8);
  assert.equal((await change(-8)).json.available, 0);
  for (const add of [-1, 1.5, "1", 2 ** 53]) {
    const answer = await change(add);
    assert.equal(answer.status, 422, String(add));
    assert.equal(answer.json.errors[0].field, "add");
  }
});

Deno.test("The audit gives totals, violations and a page of skus", async () => {
  const client = new Client();
  await client.order("ada");
  const path = "/v1/admin/invariants";
  const { json } = await client.ask(`${path}?limit=2`, { headers: ADMIN });
  assert.equal(json.totals.held, 1);
  assert.equal(json.totals.available + json.totals.held, json.totals.initial);
  assert.deepEqual(json.violations, []);
  assert.deepEqual(json.items.map((i: { sku: string }) => i.sku), [
    "21212",
    "22423",
  ]);
  assert.equal(json.next, "22423");
  const one = await client.ask(`${path}?sku=85123A`, { headers: ADMIN });
  assert.equal(one.json.items.length, 1);
});

Deno.test("A fault is accepted, or its target is named", async () => {
  const client = new Client();
  const inject = (body: unknown) =>
    client.ask("/v1/admin/faults", { headers: ADMIN, body });
  const good = { do: "crash", target: "worker[0]" };
  assert.equal((await inject(good)).status, 202);
  const lost = await inject({ ...good, target: "worker[9]" });
  assert.equal(lost.status, 422);
  assert.equal(lost.json.errors[0].field, "target");
  assert.equal((await inject({ do: "explode" })).json.errors[0].field, "do");
});

Deno.test("Readiness is 503 until every partition is served", async () => {
  const client = new Client();
  assert.equal((await client.ask("/health/ready")).status, 200);
  client.gate.ready = false;
  const answer = await client.ask("/health/ready");
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("retry-after"), "1");
  assert.equal((await client.ask("/health/live")).status, 200);
});

Deno.test("Metrics count requests by route and status", async () => {
  const client = new Client();
  await client.order("ada");
  await client.order("ada", "21212", "other");
  await client.ask("/v1/products/nope");
  const { text, headers } = await client.ask("/metrics");
  assert.match(
    headers.get("content-type") ?? "",
    /^text\/plain; version=0.0.4/,
  );
  const name = "doorbuster_http_requests_total";
  const orders = 'method="POST",route="/v1/orders"';
  assert.ok(text.includes(`${name}{${orders},status="201"} 1\n`));
  assert.ok(text.includes(`${name}{${orders},status="409"} 1\n`));
  const seconds = "doorbuster_http_request_seconds";
  assert.ok(text.includes(`${seconds}_bucket{${orders},le="+Inf"} 2\n`));
  assert.ok(text.includes(`${seconds}_count{${orders}} 2\n`));
  const typical = "doorbuster_http_request_typical_seconds";
  for (const figure of ["mean", "p50", "p95", "p99", "p99.9"]) {
    assert.ok(text.includes(`${typical}{${orders},of="${figure}"} 0`), figure);
  }
  const product = 'method="GET",route="/v1/products/{sku}"';
  assert.ok(text.includes(`${name}{${product},status="404"} 1\n`));
  assert.ok(text.includes('doorbuster_mailbox_depth{actor="a\\"b"} 3\n'));
  assert.ok(text.includes("# TYPE doorbuster_mailbox_depth gauge\n"));
});
