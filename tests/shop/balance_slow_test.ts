/** The catalog's readers of a running shop: shared out, lost, drained. */
import assert from "node:assert/strict";
import type { BalanceView } from "../../cluster/gate.ts";
import { expectBody, type ShopClient } from "./shop_client.ts";
import { eventually, LACKS_PROCESSES, products, Stage } from "./stage.ts";

const CATALOG = products("thing", 40, 10);

/** Fills are due again at once, so that every read asks a reader. */
const CONFIG = {
  topology: { catalogReaders: 3, cacheNodes: 1 },
  // No filter: it would ask the readers too.
  cache: { ttl: "1ms", jitterPercent: 0, filterBitsPerKey: 0 },
  // Slow enough that only people's calls find out who is away.
  balance: { probe: { every: "10m" }, slowStart: "0s" },
};

/** What these tests look at in the topology. */
interface Pools {
  readonly pools: BalanceView["pools"];
  readonly roles: Readonly<Record<string, readonly { isLive: boolean }[]>>;
  readonly workers: readonly {
    readonly name: string;
    readonly status: string;
    readonly replacements: number;
  }[];
}

/** What `GET /balance` answers. */
async function balance(url: string): Promise<BalanceView> {
  const response = await fetch(`${url}/balance`);
  const { status, data } = await response.json();
  assert.deepEqual([response.status, status], [200, "success"]);
  return data;
}

/** Reads all products, and says how many answers were not 200. */
async function readAll(url: string): Promise<number> {
  let refused = 0;
  for (const { sku } of CATALOG) {
    const response = await fetch(`${url}/v1/products/${sku}`);
    await response.body?.cancel();
    if (response.status !== 200) refused++;
  }
  return refused;
}

function stateOf(view: BalanceView, name: string): string | undefined {
  return view.members.find((member) => member.name === name)?.state;
}

async function drain(client: ShopClient, draining: boolean): Promise<void> {
  const path = "/v1/admin/balance/catalog_reader[0]";
  const call = { as: { admin: true }, json: { draining } } as const;
  expectBody(await client.call("POST", path, call));
}

/** The pools of all threads, as the admin page shows them. */
async function pools(client: ShopClient) {
  const call = { as: { admin: true } } as const;
  const answer = await client.call<Pools>("GET", "/v1/admin/topology", call);
  return expectBody(answer);
}

Deno.test({
  name:
    "row 18: nine calls to three readers of a running shop are three each, " +
    "and the loss of one costs no reader of the catalog an error",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start(CONFIG);
    using client = await stage.connect(shop);
    const url = await shop.url;
    const servers: string[] = [];
    for (let call = 0; call < 9; call++) {
      servers.push((await balance(url)).server);
    }
    const counts = [...Map.groupBy(servers, (name) => name).values()];
    assert.deepEqual(counts.map(({ length }) => length), [3, 3, 3]);

    // Hung, not dead: only calls that are not answered tell of it.
    await client.injectFault({ do: "hang", target: "reader[1]", for: "3s" });
    let refused = 0;
    await eventually(
      "an unanswered call of the cache node",
      20_000,
      async () => {
        refused += await readAll(url);
        const { pools: all } = await pools(client);
        const own = all.find(({ domain }) => domain === "cache-0");
        return own !== undefined && own.members[1]!.failures > 0 ? own : null;
      },
    );
    assert.equal(refused, 0);
  },
});

Deno.test({
  name:
    "row 5: the topology page of a running shop shows a live part of each " +
    "of the seven roles",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start();
    using client = await stage.connect(shop);
    await shop.url;
    // Actors of workers are seen with their first heartbeat.
    const roles = await eventually("seven live roles", 10_000, async () => {
      const { roles } = await pools(client);
      const live = Object.entries(roles)
        .filter(([, parts]) => parts.some(({ isLive }) => isLive))
        .map(([role]) => role);
      return live.length === 7 ? live : null;
    });
    assert.deepEqual(roles.toSorted(), [
      "back end",
      "balancer",
      "cache",
      "database",
      "front end",
      "queue",
      "storage",
    ]);
  },
});

Deno.test({
  name:
    "a reader that hangs is found by probes alone, and taken in again when " +
    "it answers them",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start({
      topology: CONFIG.topology,
      balance: {
        probe: { every: "100ms", failures: 2, successes: 2 },
        retry: { tryWithin: "100ms" },
      },
    });
    using client = await stage.connect(shop);
    await shop.url;
    await client.injectFault({ do: "hang", target: "reader[1]", for: "2s" });
    const become = (what: readonly string[]) =>
      eventually(`a reader that is ${what}`, 20_000, async () => {
        const { pools: all } = await pools(client);
        const main = all.find(({ domain }) => domain === "main")!;
        return what.includes(main.members[1]!.state) ? main : null;
      });
    await become(["down"]);
    const back = await become(["warming", "healthy"]);
    // Nobody called it meanwhile.
    assert.deepEqual(back.members.map(({ failures }) => failures), [0, 0, 0]);
  },
});

Deno.test({
  name: "row 18: with all readers down GET /balance is 503 with Retry-After " +
    "within a second, while the shop is ready and shows what it holds",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start({
      ...CONFIG,
      topology: {
        ...CONFIG.topology,
        // Whoever falls stays down for longer than the test takes.
        restart: { maxRestarts: 0, backoffMin: "30s", backoffMax: "30s" },
      },
    });
    using client = await stage.connect(shop);
    const url = await shop.url;
    assert.equal(await readAll(url), 0);
    await client.injectFault({ do: "crash", target: "reader[*]" });
    await eventually("a refusal", 10_000, async () => {
      const askedMs = performance.now();
      const response = await fetch(`${url}/balance`);
      const { status } = await response.json();
      if (response.status === 200) return null;
      assert.ok(performance.now() - askedMs < 1_000);
      assert.deepEqual([response.status, status], [503, "error"]);
      assert.ok(Number(response.headers.get("retry-after")) >= 1);
      return response;
    });
    const ready = await fetch(`${url}/health/ready`);
    await ready.body?.cancel();
    assert.equal(ready.status, 200);
    assert.equal(await readAll(url), 0);
  },
});

Deno.test({
  name: "a reader that drains gets no calls, of searches or of cache nodes, " +
    "also of those that start anew, until it is taken in again",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start(CONFIG);
    using client = await stage.connect(shop);
    const url = await shop.url;
    await drain(client, true);
    const view = await balance(url);
    assert.equal(stateOf(view, "catalog_reader[0]"), "draining");
    assert.equal(await readAll(url), 0);
    for (let call = 0; call < 6; call++) {
      assert.notEqual((await balance(url)).server, "catalog_reader[0]");
    }
    const own = await eventually("the cache node's pool", 10_000, async () => {
      const { pools: all } = await pools(client);
      const found = all.find(({ domain }) => domain === "cache-0");
      const calls = found?.members.reduce((sum, each) => sum + each.picks, 0);
      return calls === CATALOG.length ? found! : null;
    });
    assert.equal(own.members[0]!.state, "draining");
    assert.equal(own.members[0]!.picks, 0);

    // A thread that starts anew has to be told.
    await client.injectFault({ do: "crash", target: "cache-0" });
    await eventually("a new thread of the cache node", 10_000, async () => {
      const { workers } = await pools(client);
      const { status, replacements } = workers.find(({ name }) =>
        name === "cache-0"
      )!;
      return replacements === 1 && status === "ready" ? status : null;
    });
    for (const _round of [1, 2]) assert.equal(await readAll(url), 0);
    const anew = await eventually("the new pool", 10_000, async () => {
      const { pools: all } = await balance(url);
      const found = all.find(({ domain }) => domain === "cache-0");
      const calls = found?.members.reduce((sum, each) => sum + each.picks, 0);
      // The one before had half as many.
      return calls === 2 * CATALOG.length ? found! : null;
    });
    assert.equal(anew.members[0]!.state, "draining");
    assert.equal(anew.members[0]!.picks, 0);
    await drain(client, false);
    const servers: string[] = [];
    for (let call = 0; call < 3; call++) {
      servers.push((await balance(url)).server);
    }
    assert.ok(servers.includes("catalog_reader[0]"));
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(
      metrics,
      /doorbuster_pool_calls_total\{domain="main",member="catalog_reader\[1\]"\} \d/,
    );
    assert.match(metrics, /doorbuster_pool_throttled_total\{domain="main"\} 0/);
  },
});
