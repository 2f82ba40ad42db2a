/** The caches of a shop that runs, over HTTP, with two cache nodes. */
import assert from "node:assert/strict";
import { eventually, LACKS_PROCESSES, products, Stage } from "./stage.ts";

const CATALOG = products("thing", 60, 1_000);

/** What a test reads of an answer. */
interface Read {
  readonly status: number;
  readonly cacheStatus: string;
  readonly text: string;
}

/** Asks as the operator does, and sees header fields. */
class Operator implements Disposable {
  readonly #http = Deno.createHttpClient({ poolMaxIdlePerHost: 64 });

  constructor(readonly url: string, readonly adminToken: string) {}

  async ask(method: string, path: string, json?: unknown): Promise<Read> {
    const headers = {
      "authorization": `Bearer ${this.adminToken}`,
      "content-type": "application/json",
    };
    const init = {
      method,
      headers,
      client: this.#http,
      ...json === undefined ? {} : { body: JSON.stringify(json) },
    };
    const answer = await fetch(this.url + path, init);
    return {
      status: answer.status,
      cacheStatus: answer.headers.get("cache-status") ?? "",
      text: await answer.text(),
    };
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }
}

Deno.test({
  name: "row 6: a traced cold read goes auth, route, cache (miss), store, " +
    "fill, respond, and the next one is a hit that no store is asked for",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start();
    const url = await shop.url;
    const traced = async () => {
      const answer = await fetch(`${url}/v1/products/thing-3?trace`);
      await answer.body?.cancel();
      const parts = answer.headers.get("server-timing")!.split(", ");
      const spans = parts.map((part) => {
        const [name, ...about] = part.split(";");
        return [name!, about.find((each) => each.startsWith("desc="))];
      });
      const lastedMs = parts.map((part) =>
        Number(/dur=([\d.]+)$/.exec(part)?.[1] ?? 0)
      );
      return { spans, lastedMs };
    };
    const cold = await traced();
    assert.deepEqual(cold.spans, [
      ["auth", undefined],
      ["route", undefined],
      ["cache", 'desc="miss"'],
      ["store", undefined],
      ["fill", cold.spans[4]![1]],
      ["respond", undefined],
    ]);
    assert.match(cold.spans[4]![1]!, /^desc="ttl=[1-9]\d*"$/);
    const [, , cacheMs, storeMs] = cold.lastedMs;
    assert.ok(cacheMs! > 0);
    // The store is asked within the cache's time, by a clock of milliseconds.
    assert.ok(storeMs! <= cacheMs! + 1, `${storeMs} of ${cacheMs} ms`);
    const warm = await traced();
    assert.deepEqual(warm.spans, [
      ["auth", undefined],
      ["route", undefined],
      ["cache", 'desc="hit"'],
      ["respond", undefined],
    ]);
  },
});

// G27
Deno.test({
  name:
    "readers right after a drop share one load, what very many read the edge " +
    "answers, and what does not exist nobody is asked for",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start({
      admission: { address: { rate: "50000/s", burst: 50_000 } },
    });
    using operator = new Operator(await shop.url, stage.secrets[1]!);
    const path = "/v1/products/thing-7";
    const read = () => operator.ask("GET", path);

    assert.equal(
      (await operator.ask("PUT", "/cache/product/thing-7")).status,
      201,
    );
    assert.match((await read()).cacheStatus, /^doorbuster; hit; ttl=\d+$/);
    assert.equal(
      (await operator.ask("DELETE", "/v1/admin/cache/thing-7")).status,
      204,
    );
    const crowd = await Promise.all(Array.from({ length: 300 }, read));
    assert(crowd.every(({ status }) => status === 200));
    const stored = crowd.filter((each) => each.cacheStatus.endsWith("stored"));
    assert.equal(stored.length, 1);

    await eventually("an answer of the edge", 5_000, async () => {
      const many = await Promise.all(Array.from({ length: 300 }, read));
      const edge = many.filter((each) =>
        each.cacheStatus === "doorbuster-edge; hit; ttl=0"
      );
      return edge.length > 0 ? edge : null;
    });
    const stock = "/v1/admin/products/thing-7/stock";
    assert.equal((await operator.ask("POST", stock, { add: -1 })).status, 200);
    await eventually("the stock to be told", 1_000, async () => {
      const { available } = JSON.parse((await read()).text);
      return available === 999 ? available : null;
    });

    assert.equal((await operator.ask("GET", "/v1/products/nope")).status, 404);
    // A worker's numbers come with its heartbeat.
    const text = await eventually("the numbers", 2_000, async () => {
      const { text } = await operator.ask("GET", "/metrics");
      return /cache_filtered_total\{[^}]*\} 1\n/.test(text) ? text : null;
    });
    assert.match(text, /cache_near_hits_total [1-9]/);
  },
});

Deno.test({
  name: "row 9: what the config has warmed before a sale is a hit for its " +
    "first reader, of either cache node",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    const skus = CATALOG.slice(0, 50).map(({ sku }) => sku);
    const at = (seconds: number) =>
      new Date(Date.now() + seconds * 1_000).toISOString();
    await using shop = stage.start({
      cache: {
        // A new store knows no stock yet when its nodes begin.
        negativeTtl: "100ms",
        warm: [{ from: at(0), until: at(60), skus }],
      },
    });
    using operator = new Operator(await shop.url, stage.secrets[1]!);
    await eventually("50 products to be held", 5_000, async () => {
      const looks = await Promise.all(
        skus.map((sku) => operator.ask("GET", `/v1/admin/cache/${sku}`)),
      );
      return looks.every(({ status }) => status === 200) ? looks : null;
    });
    for (const sku of skus) {
      const { cacheStatus } = await operator.ask("GET", `/v1/products/${sku}`);
      assert.match(cacheStatus, /^doorbuster; hit; ttl=\d+$/);
    }
    const other = await operator.ask("GET", "/v1/products/thing-55");
    assert.match(other.cacheStatus, /fwd=/);
  },
});
