/**
 * What a proxy with our file promises, whichever it is: a table of claims, each
 * run against the real program.
 *
 * @module
 */
import assert from "node:assert/strict";
import { PathPools } from "../../cluster/pool/path_pools.ts";
import { mintToken, ShopClient } from "../shop/shop_client.ts";
import { carryOut, newPurchase } from "../shop/purchase.ts";
import { eventually, products, Stage } from "../shop/stage.ts";
import { freePort, Proxy, type ProxyKind } from "./proxy.ts";
import { RawServer, response } from "./server.ts";

/** One promise and how to see it kept. */
export interface ProxyClaim {
  readonly name: string;
  readonly holds: (kind: ProxyKind) => Promise<void>;
}

const hello = (name: string) => () => response("200 OK", name);
const hangUp = () => null;

/** Two servers that both pools lead to. */
async function withTwo(
  kind: ProxyKind,
  one: RawServer,
  two: RawServer,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const ports = [one.port, two.port] as const;
  await using proxy = await Proxy.start(kind, { pages: ports, api: ports });
  await use(proxy.url);
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  using client = Deno.createHttpClient({});
  const answer = await fetch(url, { ...init, client });
  // Read whole before the connection goes; the copy of a 304 may have no body.
  const text = await answer.text();
  return new Response(text === "" ? null : text, answer);
}

async function routesByPrefix(kind: ProxyKind): Promise<void> {
  await using pages = new RawServer(hello("pages"));
  await using api = new RawServer(hello("api"));
  const own = new PathPools([["/", "pages"], ["/api", "api"]]);
  await using proxy = await Proxy.start(
    kind,
    {
      pages: [pages.port, pages.port],
      api: [api.port, api.port],
      // The example of the checklist says /api where the shop says /v1.
    },
    (published) =>
      published.replaceAll(/(location|path_beg) \/v1(?= |$)/gm, "$1 /api"),
  );
  const paths = ["/", "/x", "/apple", "/api", "/api/x", "/apiary", "/x/api"];
  for (const path of paths) {
    const answer = await ask(`${proxy.url}${path}`);
    assert.equal(await answer.text(), own.route(path), path);
  }
}

async function triesReadsAgain(kind: ProxyKind): Promise<void> {
  await using silent = new RawServer(hangUp);
  await using sound = new RawServer(hello("sound"));
  await withTwo(kind, silent, sound, async (url) => {
    // Whoever is asked first, the second one answers.
    for (let number = 0; number < 4; number++) {
      const answer = await ask(`${url}/v1/products`);
      assert.equal(answer.status, 200);
    }
    assert(silent.asked.length > 0, "nobody asked the silent one");
  });
}

async function sendsWritesOnce(kind: ProxyKind): Promise<void> {
  await using one = new RawServer(hangUp);
  await using two = new RawServer(hangUp);
  await withTwo(kind, one, two, async (url) => {
    const answer = await ask(`${url}/v1/orders`, { method: "POST", body: "x" });
    assert.equal(one.asked.length + two.asked.length, 1);
    assert.equal(Math.floor(answer.status / 100), 5);
    const { type, retryable, status } = await answer.json();
    assert.equal(type, "/problems/outcome-unknown");
    assert.deepEqual([retryable, status], [true, answer.status]);
    assert.equal(answer.headers.get("retry-after"), "1");
  });
}

async function passesOverWhoIsGone(kind: ProxyKind): Promise<void> {
  await using sound = new RawServer(hello("sound"));
  const gone = { port: freePort() } as RawServer;
  await withTwo(kind, gone, sound, async (url) => {
    for (let number = 0; number < 8; number++) {
      const answer = await ask(`${url}/v1/orders`, {
        method: "POST",
        body: String(number),
      });
      assert.equal(answer.status, 200);
    }
    assert.equal(sound.asked.length, 8);
  });
}

async function passesRefusalsOn(kind: ProxyKind): Promise<void> {
  const busy = () => response("503 Busy", "", "Retry-After: 7");
  await using one = new RawServer(busy);
  await using two = new RawServer(busy);
  await withTwo(kind, one, two, async (url) => {
    const answer = await ask(`${url}/v1/products`);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("retry-after"), "7");
    assert.equal(one.asked.length + two.asked.length, 1);
  });
}

async function leavesOutWhoIsNotReady(kind: ProxyKind): Promise<void> {
  await using one = new RawServer(hello("one"));
  await using two = new RawServer(hello("two"));
  await withTwo(kind, one, two, async (url) => {
    const say = async () => await (await ask(`${url}/v1/products`)).text();
    one.isReady = false;
    await eventually("only the other to answer", 10_000, async () => {
      const names = [await say(), await say(), await say(), await say()];
      return names.every((name) => name === "two") ? true : null;
    });
    one.isReady = true;
    await eventually("it to take part again", 10_000, async () => {
      return await say() === "one" ? true : null;
    });
  });
}

async function hidesAdministration(kind: ProxyKind): Promise<void> {
  await using one = new RawServer(hello("one"));
  await withTwo(kind, one, one, async (url) => {
    for (const path of ["/metrics", "/v1/admin/topology"]) {
      assert.equal((await ask(`${url}${path}`)).status, 404, path);
    }
    assert.deepEqual(one.asked, []);
  });
}

async function tellsTheClientsAddress(kind: ProxyKind): Promise<void> {
  using stage = new Stage(products("cup", 1, 10));
  await using shop = stage.start({
    admission: {
      address: { policy: "sliding-window", rate: "3/1h" },
      trustedProxies: ["127.0.0.1"],
    },
  });
  const port = Number(new URL(await shop.url).port);
  const ports = [port, port] as const;
  await using proxy = await Proxy.start(kind, { pages: ports, api: ports });
  const from = async (localAddress: string, url: string, claim?: string) => {
    using client = Deno.createHttpClient({ localAddress });
    const headers = new Headers();
    if (claim !== undefined) headers.set("x-forwarded-for", claim);
    const answer = await fetch(`${url}/v1/products/cup-0`, { client, headers });
    await answer.body?.cancel();
    return answer.status;
  };
  const statuses = [];
  for (const claim of ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]) {
    statuses.push(await from("127.0.0.5", proxy.url, claim));
  }
  assert.deepEqual(statuses, [200, 200, 200, 429]);
  assert.equal(await from("127.0.0.6", proxy.url), 200);
  // Who does not come through the proxy is who he is.
  assert.equal(await from("127.0.0.5", await shop.url, "127.0.0.9"), 429);
}

async function carriesTheShop(kind: ProxyKind): Promise<void> {
  using stage = new Stage(products("cup", 200, 10));
  await using shop = stage.start({
    admission: { trustedProxies: ["127.0.0.1"] },
  });
  const port = Number(new URL(await shop.url).port);
  const ports = [port, port] as const;
  await using proxy = await Proxy.start(kind, { pages: ports, api: ports });
  const [sessionSecret, adminToken] = stage.secrets;
  using client = new ShopClient(proxy.url, sessionSecret!, adminToken!);
  const lines = [{ sku: "cup-3", quantity: 2 }];
  const purchase = { user: "ada", key: "k", lines, wish: "pay" } as const;
  await carryOut(client, newPurchase(purchase));
  const again = await client.placeOrder("ada", "k", lines);
  assert(again.problem === null && again.replayed);

  const list = await ask(`${proxy.url}/v1/products?limit=100`, {
    headers: { "accept-encoding": "gzip" },
  });
  assert.match(list.headers.get("vary") ?? "", /accept-encoding/i);
  const product = `${proxy.url}/v1/products/cup-3`;
  const etag = (await ask(product)).headers.get("etag")!;
  const headers = { "if-none-match": etag };
  assert.equal((await ask(product, { headers })).status, 304);
  const cancel = `${proxy.url}/v1/orders/o-1-1-aaaa/cancel`;
  const cookie = `session=${mintToken("ada", sessionSecret!)}`;
  const statusFrom = async (origin: string) => {
    const init = { method: "POST", headers: { cookie, origin } };
    return (await ask(cancel, init)).status;
  };
  // The one is let in and finds no such order; the other is not let in.
  assert.equal(await statusFrom(proxy.url), 404);
  assert.equal(await statusFrom("http://elsewhere.example"), 403);
}

/** What only a proxy that asks for health can promise. */
export const HEALTH_CLAIM: ProxyClaim = {
  name: "a process that is not ready gets nothing until it is",
  holds: leavesOutWhoIsNotReady,
};

/** The table. */
export const PROXY_CLAIMS: readonly ProxyClaim[] = [
  {
    name: "row 19: a path goes to the pool of its longest prefix, /apiary too",
    holds: routesByPrefix,
  },
  {
    name: "a read that got no answer is asked of another process",
    holds: triesReadsAgain,
  },
  {
    name: "a write that was sent and not answered is not sent again, and its " +
      "outcome is called unknown in the shop's own words",
    holds: sendsWritesOnce,
  },
  {
    name: "a process that is gone costs no request, not even a write",
    holds: passesOverWhoIsGone,
  },
  {
    name: "a refusal of the shop is passed on, and nobody else is asked",
    holds: passesRefusalsOn,
  },
  {
    name: "administration and metrics cannot be reached from outside",
    holds: hidesAdministration,
  },
  {
    name: "G91 the shop knows a client by the address that the proxy saw, " +
      "whatever the client says",
    holds: tellsTheClientsAddress,
  },
  {
    name: "a purchase, compression, conditional reads and the check of a " +
      "form's origin work through it",
    holds: carriesTheShop,
  },
];
