/**
 * The pool of the catalog's servers, as the edge shows it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { failed } from "../../actors/runtime/outcome.ts";
import { ADMIN_TOKEN, Client } from "./client.ts";

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };

Deno.test("GET /balance says who answered and how all servers are, in the envelope of the seeds", async () => {
  const answer = await new Client().ask("/balance");
  assert.equal(answer.status, 200);
  const { status, data } = answer.json;
  assert.equal(status, "success");
  assert.equal(data.server, "catalog[0]");
  assert.equal(data.policy, "round-robin");
  const [{ name, state, share }] = data.members;
  assert.deepEqual([name, state, share], ["catalog[0]", "healthy", 1]);
  const [{ domain, members }] = data.pools;
  assert.deepEqual([domain, members], ["main", data.members]);
});

Deno.test("row 18: when no server answers GET /balance is 503 with Retry-After, in the same envelope", async () => {
  const client = new Client();
  client.gate.failNext = failed("unavailable", 1_500);
  const answer = await client.ask("/balance");
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("retry-after"), "2");
  assert.equal(answer.json.status, "error");
  assert.equal(typeof answer.json.message, "string");
});

Deno.test("an operator drains a server and takes it in again; nobody else does", async () => {
  const client = new Client();
  const drain = (body: unknown, headers: Record<string, string> = ADMIN) =>
    client.ask("/v1/admin/balance/catalog[0]", { headers, body });
  assert.equal((await drain({ draining: true }, {})).status, 401);
  const drained = await drain({ draining: true });
  assert.equal(drained.status, 200);
  assert.equal(drained.json.members[0].state, "draining");
  const back = await drain({ draining: false });
  assert.equal(back.json.members[0].state, "healthy");
  const wrong = await drain({ draining: "yes" });
  assert.equal(wrong.status, 422);
  assert.equal(wrong.json.errors[0].field, "draining");
  const path = "/v1/admin/balance/catalog[9]";
  const body = { draining: true };
  assert.equal((await client.ask(path, { headers: ADMIN, body })).status, 404);
});
