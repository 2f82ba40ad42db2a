/**
 * Users, sessions and tokens: who is let in and who is not.
 *
 * @module
 */
import assert from "node:assert/strict";
import { rejected } from "../../actors/runtime/outcome.ts";
import { Client } from "./client.ts";

const ADA = { username: "Ada.L", password: "correct horse" };

Deno.test("A registered user signs in and gets a token and a cookie", async () => {
  const client = new Client();
  const user = await client.ask("/v1/users", { body: ADA });
  assert.equal(user.status, 201);
  assert.deepEqual(Object.keys(user.json), ["id", "username"]);
  const session = await client.ask("/v1/sessions", { body: ADA });
  assert.equal(session.status, 201);
  const expected = new Date(client.nowMs + 3_600_000).toISOString();
  assert.equal(session.json.expiresAt, expected);
  const cookie = session.headers.get("set-cookie") ?? "";
  assert.match(cookie, /^session=\S+; Path=\/; HttpOnly; SameSite=Lax/);
  assert.match(cookie, /Max-Age=3600$/);
  const headers = { cookie: `other=1; ${cookie.split(";")[0]}` };
  assert.equal((await client.ask("/v1/orders", { headers })).status, 200);
});

Deno.test("A wrong name and a wrong password get the same answer", async () => {
  const client = new Client();
  await client.ask("/v1/users", { body: ADA });
  const wrong = { ...ADA, password: "wrong horse" };
  const nobody = { ...ADA, username: "nobody" };
  const first = await client.ask("/v1/sessions", { body: wrong });
  const second = await client.ask("/v1/sessions", { body: nobody });
  for (const answer of [first, second]) {
    assert.equal(answer.status, 401);
    assert.equal(answer.json.type, "/problems/invalid-credentials");
  }
  assert.equal(first.json.detail, second.json.detail);
});

/** Sends the login form without a browser. */
function login(client: Client, fields: Record<string, string>) {
  const type = "application/x-www-form-urlencoded";
  const body = new URLSearchParams(fields).toString();
  return client.ask("/login", { body, headers: { "content-type": type } });
}

Deno.test("row 61: the login form gives a session for an hour, or says no with the right status", async () => {
  const client = new Client();
  await client.ask("/v1/users", { body: ADA });
  const good = await login(client, ADA);
  assert.equal(good.status, 200);
  assert.equal(good.json.status, "success");
  const cookie = good.headers.get("set-cookie") ?? "";
  assert.match(cookie, /^session=\S+; .*HttpOnly; SameSite=Lax; Max-Age=3600$/);
  const headers = { authorization: `Bearer ${good.json.data.token}` };
  assert.equal((await client.ask("/v1/orders", { headers })).status, 200);
  client.nowMs += 3_600_000;
  assert.equal((await client.ask("/v1/orders", { headers })).status, 401);
  const bad = await login(client, { ...ADA, password: "123456" });
  assert.equal(bad.status, 401);
  assert.deepEqual(bad.json, {
    status: "error",
    message: "Username or password is wrong.",
  });
  assert.equal(bad.headers.get("set-cookie"), null);
  client.gate.failNext = rejected("rate-limited", { retryAfterMs: 60_000 });
  const locked = await login(client, ADA);
  assert.equal(locked.status, 429);
  assert.equal(locked.headers.get("retry-after"), "60");
  assert.equal(locked.json.status, "error");
});

Deno.test("row 61: whoever may not even try to log in hears it in the same envelope", async () => {
  const client = new Client({ tokens: 0 });
  const refused = await login(client, ADA);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "2");
  assert.deepEqual(Object.keys(refused.json), ["status", "message"]);
});

Deno.test("A username that is taken is refused", async () => {
  const client = new Client();
  await client.ask("/v1/users", { body: ADA });
  const again = { ...ADA, username: "ada.l" };
  const answer = await client.ask("/v1/users", { body: again });
  assert.equal(answer.status, 409);
});

Deno.test("Signing out revokes the token, with a jti or without", async () => {
  const client = new Client();
  for (const claims of [{ sub: "ada", jti: "one" }, { sub: "ada" }]) {
    const authorization = `Bearer ${client.token(claims)}`;
    const headers = { authorization };
    const path = "/v1/sessions/current";
    const out = await client.ask(path, { method: "DELETE", headers });
    assert.equal(out.status, 204);
    assert.match(out.headers.get("set-cookie") ?? "", /^session=;.*Max-Age=0/);
    assert.equal((await client.ask("/v1/orders", { headers })).status, 401);
  }
});

Deno.test("Signing out revokes no other token of the same user", async () => {
  const client = new Client();
  const out = { authorization: `Bearer ${client.token({ sub: "ada" })}` };
  const other = client.token({ sub: "ada", device: "phone" });
  const path = "/v1/sessions/current";
  await client.ask(path, { method: "DELETE", headers: out });
  const headers = { authorization: `Bearer ${other}` };
  assert.equal((await client.ask("/v1/orders", { headers })).status, 200);
});

// G30
Deno.test("A token without its signature's exact text is refused", async () => {
  const client = new Client();
  const good = client.token({ sub: "ada" });
  const [header, payload, signature = ""] = good.split(".");
  const last = signature.at(-1) === "A" ? "B" : "A";
  const forged = [
    "",
    "x",
    "a.b.c",
    `${header}.${payload}.`,
    `${header}.${payload}`,
    `${good}.x`,
    `${header}.${payload}.${signature.slice(0, -1)}${last}`,
    `${good}=`,
    "x".repeat(100_000),
  ];
  for (const token of forged) {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await client.ask("/v1/orders", { headers });
    assert.equal(answer.status, 401, token.slice(0, 40));
    assert.equal(answer.json.type, "/problems/unauthenticated");
  }
});

// G30
Deno.test("A token with claims or algorithms that do not hold is refused", async () => {
  const client = new Client();
  const now = Math.floor(client.nowMs / 1000);
  const tokens = [
    client.token({ sub: "ada", exp: now }),
    client.token({ sub: "ada", exp: "soon" }),
    client.token({ sub: "ada", nbf: now + 10 }),
    client.token({ sub: "" }),
    client.token({ sub: "a".repeat(129) }),
    client.token({ sub: 7 }),
    client.token({}),
    client.token({ sub: "ada" }, { alg: "none" }),
    client.token({ sub: "ada" }, { alg: "HS512" }),
    client.token({ sub: "ada" }, { alg: "HS256", crit: ["x"] }),
  ];
  for (const [index, token] of tokens.entries()) {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await client.ask("/v1/orders", { headers });
    assert.equal(answer.status, 401, `token ${index}`);
  }
});

Deno.test("A remembered token still expires", async () => {
  const client = new Client();
  const headers = { authorization: `Bearer ${client.token({ sub: "ada" })}` };
  assert.equal((await client.ask("/v1/orders", { headers })).status, 200);
  client.nowMs += 3_599_000;
  assert.equal((await client.ask("/v1/orders", { headers })).status, 200);
  client.nowMs += 1000;
  assert.equal((await client.ask("/v1/orders", { headers })).status, 401);
});

Deno.test("A browser without a session is sent to the login page", async () => {
  const headers = { accept: "text/html,*/*" };
  const answer = await new Client().ask("/v1/orders?limit=5", { headers });
  assert.equal(answer.status, 302);
  const location = "/login?next=%2Fv1%2Forders%3Flimit%3D5";
  assert.equal(answer.headers.get("location"), location);
});

Deno.test("The cookie is Secure behind https and behind a trusted proxy", async () => {
  const client = new Client({ trustedProxies: ["10.0.0.0/8"] });
  await client.ask("/v1/users", { body: ADA });
  const headers = { "x-forwarded-proto": "https" };
  const cookieFrom = async (address: string) => {
    const ask = { body: ADA, headers, address };
    const answer = await client.ask("/v1/sessions", ask);
    return answer.headers.get("set-cookie") ?? "";
  };
  assert.match(await cookieFrom("10.1.2.3"), /; Secure$/);
  assert.doesNotMatch(await cookieFrom("192.0.2.1"), /Secure/);
});
