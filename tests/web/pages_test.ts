/**
 * The shop's pages, used as a browser without script uses them: follow a link,
 * fill in a form, go where one is sent.
 *
 * @module
 */
import assert from "node:assert/strict";
import { failed, unknown } from "../../actors/runtime/outcome.ts";
import { type Answer, Client } from "./client.ts";

const HTML = { accept: "text/html" };
const ADA = { username: "ada", password: "correct horse" };

/** A browser: it keeps its cookie and says that it wants pages. */
class Browser {
  readonly client: Client;
  #cookie = "";

  constructor(client = new Client()) {
    this.client = client;
  }

  async go(path: string): Promise<Answer> {
    return await this.#keep(
      await this.client.ask(path, { headers: this.#headers() }),
    );
  }

  async send(path: string, fields: Record<string, string>): Promise<Answer> {
    const headers = {
      ...this.#headers(),
      "content-type": "application/x-www-form-urlencoded",
      "sec-fetch-site": "same-origin",
    };
    const body = new URLSearchParams(fields).toString();
    return this.#keep(await this.client.ask(path, { headers, body }));
  }

  async register(): Promise<void> {
    const answer = await this.send("/register", ADA);
    assert.equal(answer.status, 303);
  }

  #headers(): Record<string, string> {
    return this.#cookie === "" ? HTML : { ...HTML, cookie: this.#cookie };
  }

  #keep(answer: Answer): Answer {
    const cookie = answer.headers.get("set-cookie")?.split(";")[0];
    if (cookie !== undefined) this.#cookie = cookie;
    return answer;
  }
}

/** The hidden key of the page's form. */
function keyOf(page: Answer): string {
  return /name="key" value="([^"]+)"/.exec(page.text)?.[1] ?? "";
}

async function buy(browser: Browser): Promise<string> {
  const key = keyOf(await browser.go("/products/85123A"));
  const bought = await browser.send("/products/85123A/buy", {
    key,
    quantity: "2",
  });
  assert.equal(bought.status, 303);
  return bought.headers.get("location") ?? "";
}

Deno.test("A person registers, buys, pays and finds the order", async () => {
  const browser = new Browser();
  await browser.register();
  const path = await buy(browser);
  const order = await browser.go(path);
  assert.match(order.text, /Pay £5\.90/);
  assert.match(order.text, /data-countdown="2026-11-20T00:15:00\.000Z"/);
  const paid = await browser.send(`${path}/pay`, { key: keyOf(order) });
  assert.equal(paid.headers.get("location"), path);
  assert.match((await browser.go(path)).text, /It is yours/);
  assert.ok((await browser.go("/orders")).text.includes(`href="${path}"`));
});

Deno.test("A form that is sent twice buys once", async () => {
  const browser = new Browser();
  await browser.register();
  const key = keyOf(await browser.go("/products/85123A"));
  const send = () =>
    browser.send("/products/85123A/buy", { key, quantity: "1" });
  const [first, second] = [await send(), await send()];
  assert.equal(second.status, 303);
  assert.equal(second.headers.get("location"), first.headers.get("location"));
});

Deno.test("A refused purchase keeps the form and says what to do", async () => {
  const browser = new Browser();
  await browser.register();
  const key = keyOf(await browser.go("/products/22423"));
  const fields = { key, quantity: "50" };
  const answer = await browser.send("/products/22423/buy", fields);
  assert.equal(answer.status, 409);
  assert.match(answer.text, /role="alert"/);
  assert.match(answer.text, /Only 3 units left/);
  assert.match(answer.text, /value="50"/);
});

Deno.test("After an unknown outcome the form still has the same key", async () => {
  const browser = new Browser();
  await browser.register();
  const key = keyOf(await browser.go("/products/85123A"));
  browser.client.gate.failNext = unknown(500);
  const fields = { key, quantity: "1" };
  const answer = await browser.send("/products/85123A/buy", fields);
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("retry-after"), "1");
  assert.equal(keyOf(answer), key);
  assert.match(answer.text, /not a second one/);
});

Deno.test("A quantity that is no number is refused on the page", async () => {
  const browser = new Browser();
  await browser.register();
  const key = keyOf(await browser.go("/products/85123A"));
  for (const quantity of ["0", "-1", "1.5", "x", "", "10001"]) {
    const fields = { key, quantity };
    const answer = await browser.send("/products/85123A/buy", fields);
    assert.equal(answer.status, 422, quantity);
    assert.match(answer.text, /Choose a whole number/);
  }
});

Deno.test("A cancelled order says so and gives its stock back", async () => {
  const browser = new Browser();
  await browser.register();
  const path = await buy(browser);
  await browser.send(`${path}/cancel`, {});
  assert.match((await browser.go(path)).text, /Order cancelled/);
  assert.match((await browser.go("/products/85123A")).text, /100 units/);
});

Deno.test("Whoever is not signed in is sent to sign in, and back", async () => {
  const browser = new Browser();
  const orders = await browser.go("/orders");
  assert.equal(orders.status, 302);
  assert.equal(orders.headers.get("location"), "/login?next=%2Forders");
  const bought = await browser.send("/products/85123A/buy", { key: "k" });
  const location = "/login?next=%2Fproducts%2F85123A";
  assert.equal(bought.headers.get("location"), location);
  await browser.client.ask("/v1/users", { body: ADA });
  const fields = { ...ADA, next: "/products/85123A" };
  const signedIn = await browser.send("/login", fields);
  assert.equal(signedIn.headers.get("location"), "/products/85123A");
  assert.equal((await browser.go("/orders")).status, 200);
});

Deno.test("A login never leads to another site", async () => {
  const elsewhere = [
    "https://evil.test/",
    "//evil.test/",
    "/\\evil.test",
    "javascript:alert(1)",
    "/\nevil",
    "",
  ];
  for (const next of elsewhere) {
    const browser = new Browser();
    const answer = await browser.send("/register", { ...ADA, next });
    assert.equal(answer.headers.get("location"), "/", next);
  }
});

Deno.test("A wrong password shows the form again with the name in it", async () => {
  const browser = new Browser();
  await browser.client.ask("/v1/users", { body: ADA });
  const fields = { ...ADA, password: "wrong" };
  const answer = await browser.send("/login", fields);
  assert.equal(answer.status, 401);
  assert.match(answer.text, /Invalid credentials/);
  assert.match(answer.text, /value="ada"/);
  assert.doesNotMatch(answer.text, /value="wrong"/);
});

Deno.test("Signing out ends the session for good", async () => {
  const browser = new Browser();
  await browser.register();
  const answer = await browser.send("/logout", {});
  assert.equal(answer.headers.get("location"), "/");
  assert.match(answer.headers.get("set-cookie") ?? "", /^session=;/);
  assert.equal((await browser.go("/orders")).status, 302);
});

Deno.test("A search shows how many it found, or what to do instead", async () => {
  const browser = new Browser();
  const found = await browser.go("/?q=cake");
  assert.match(found.text, /2 results/);
  assert.match(found.text, /Sold out/);
  const nothing = await browser.go("/?q=%3Cscript%3E");
  assert.equal(nothing.status, 200);
  assert.match(nothing.text, /Nothing for “&lt;script&gt;”/);
  assert.match(nothing.text, /See all products/);
  assert.doesNotMatch(nothing.text, /<script>/);
});

Deno.test("What is not there is a page for people, JSON for programs", async () => {
  const browser = new Browser();
  const page = await browser.go("/products/nope");
  assert.equal(page.status, 404);
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  const answer = await browser.client.ask("/products/nope");
  assert.equal(answer.json.type, "/problems/not-found");
});

Deno.test("A product without its shard is a 503 page, not a mistake", async () => {
  const browser = new Browser();
  browser.client.gate.failNext = failed("unavailable", 100);
  const page = await browser.go("/products/85123A");
  assert.equal(page.status, 503);
  assert.match(page.text, /Reload this page in a moment/);
});

Deno.test("Every page has its security headers and is kept by no cache", async () => {
  const browser = new Browser();
  for (const path of ["/", "/products/85123A", "/login", "/register", "/x"]) {
    const { headers } = await browser.go(path);
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/, path);
    assert.match(policy, /frame-ancestors 'none'/, path);
    assert.doesNotMatch(policy, /unsafe|http/, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "same-origin");
    assert.equal(headers.get("cache-control"), "private, no-store");
  }
});

Deno.test("Pages load nothing from another host", async () => {
  const browser = new Browser();
  const page = await browser.go("/");
  const links = [...page.text.matchAll(/(?:src|href|action)="([^"]*)"/g)];
  assert.ok(links.length > 5);
  for (const [, link = ""] of links) assert.match(link, /^[/#](?!\/)/, link);
  for (const [, asset = ""] of page.text.matchAll(/="(\/assets[^"]+)"/g)) {
    assert.equal((await browser.client.ask(asset)).status, 200, asset);
  }
});
