/**
 * The OpenAPI document, its page and the table of problems.
 *
 * @module
 */
import assert from "node:assert/strict";
import { PROBLEMS } from "../../web/problems.ts";
import { Client } from "./client.ts";

const OPERATIONS = [
  "GET /v1/products",
  "GET /v1/products/{sku}",
  "POST /v1/orders",
  "GET /v1/orders",
  "GET /v1/orders/{id}",
  "POST /v1/orders/{id}/payments",
  "POST /v1/orders/{id}/cancel",
  "POST /v1/users",
  "POST /v1/sessions",
  "DELETE /v1/sessions/current",
  "GET /v1/admin/topology",
  "GET /v1/admin/limits",
  "GET /v1/admin/breakers",
  "GET /v1/admin/locks",
  "POST /v1/admin/products/{sku}/stock",
  "GET /v1/admin/invariants",
  "POST /v1/admin/faults",
  "GET /balance",
  "POST /v1/admin/balance/{server}",
  "GET /v1/admin/cache/{sku}",
  "PUT /v1/admin/cache/{sku}",
  "DELETE /v1/admin/cache/{sku}",
  "GET /product/{sku}",
  "GET /cache/product/{sku}",
  "PUT /cache/product/{sku}",
  "DELETE /cache/product/{sku}",
  "GET /health/live",
  "GET /health/ready",
  "GET /metrics",
  "GET /problems/{code}",
];

// deno-lint-ignore no-explicit-any -- a document of any shape is what is tested
async function readDocument(): Promise<any> {
  const answer = await new Client().ask("/openapi.json");
  assert.equal(answer.status, 200);
  return answer.json;
}

Deno.test("The document has every route of the contract and no later one", async () => {
  const { openapi, paths } = await readDocument();
  assert.match(openapi, /^3\.1\./);
  const found = Object.entries<object>(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`)
  );
  assert.deepEqual(found.sort(), OPERATIONS.toSorted());
});

Deno.test("Every reference of the document leads somewhere", async () => {
  const document = await readDocument();
  const text = JSON.stringify(document);
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)];
  assert.ok(references.length > 20);
  for (const [, reference = ""] of references) {
    assert.ok(reference.startsWith("#/components/schemas/"), reference);
    const name = reference.slice("#/components/schemas/".length);
    assert.ok(name in document.components.schemas, reference);
  }
});

Deno.test("Every operation has an id of its own, its parameters and its errors", async () => {
  const { paths } = await readDocument();
  const ids = new Set<string>();
  for (const [path, item] of Object.entries<Record<string, never>>(paths)) {
    for (const { operationId, parameters, responses } of Object.values(item)) {
      assert.ok(!ids.has(operationId), operationId);
      ids.add(operationId);
      const names = (parameters as { name: string; in: string }[])
        .filter((p) => p.in === "path").map(({ name }) => name);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      assert.deepEqual(names, inPath);
      for (const [status, response] of Object.entries(responses as object)) {
        assert.equal(typeof response.description, "string");
        const { content } = response;
        if (Number(status) < 400) continue;
        const [type] = Object.keys(content);
        // The routes of the first documents refuse in their envelope.
        const isEnveloped = /^\/(balance$|(cache\/)?product\/)/.test(path);
        const expected = isEnveloped ? "json" : "problem+json";
        assert.equal(type, `application/${expected}`, `${path} ${status}`);
      }
    }
  }
});

Deno.test("Input is closed in the document as it is in the shop", async () => {
  const { components } = await readDocument();
  const { NewOrder, Order } = components.schemas;
  assert.equal(NewOrder.additionalProperties, false);
  assert.equal(NewOrder.properties.lines.maxItems, 100);
  assert.equal("additionalProperties" in Order, false);
});

Deno.test("The docs page and its files come from the shop itself", async () => {
  const client = new Client();
  const page = await client.ask("/docs");
  assert.equal(page.status, 200);
  const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)];
  for (const [, path = ""] of files) {
    assert.ok(path.startsWith("/"), path);
    assert.equal((await client.ask(path)).status, 200, path);
  }
  const policy = page.headers.get("content-security-policy") ?? "";
  assert.match(policy, /script-src 'self';/);
});

Deno.test("Every problem explains itself, to a person and to a program", async () => {
  const client = new Client();
  for (const [code, { title, status }] of Object.entries(PROBLEMS)) {
    const answer = await client.ask(`/problems/${code}`);
    assert.equal(answer.json.status, status);
    const headers = { accept: "text/html" };
    const page = await client.ask(`/problems/${code}`, { headers });
    assert.ok(page.text.includes(title), code);
  }
  const lost = await client.ask("/problems/__proto__");
  assert.equal(lost.status, 404);
});
