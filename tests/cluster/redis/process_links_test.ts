/** Domains of two processes that talk over a real Redis, and its bad moments. */
import assert from "node:assert/strict";
import { OUTBOX_FRAMES } from "../../../cluster/link.ts";
import { granted } from "../../permission.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { CLIENT_KINDS, type ClientKind, NODE_REDIS } from "./clients.ts";
import { LinkedProcess, tillOf } from "./linked_process.ts";
import { RedisServer } from "./redis_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

interface Scene {
  readonly server: RedisServer;
  readonly proxy: TcpProxy;
  /** Has `main@a`; behind the proxy. */
  readonly a: LinkedProcess;
  /** Has `worker-0`. */
  readonly b: LinkedProcess;
}

function test(
  name: string,
  play: (scene: Scene) => Promise<void>,
  { kind = NODE_REDIS, silenceMs = 2_000 }: {
    kind?: ClientKind;
    silenceMs?: number;
  } = {},
): void {
  Deno.test({
    name,
    ignore,
    async fn() {
      await using server = await RedisServer.start();
      await using proxy = new TcpProxy(server.port);
      await using behind = await kind.connect(proxy.port);
      await using beside = await kind.connect(server.port);
      await using a = new LinkedProcess({
        name: "a",
        redis: behind.port,
        silenceMs,
      });
      await using b = new LinkedProcess({
        name: "b",
        redis: beside.port,
        silenceMs,
      });
      for (const process of [a, b]) {
        process.links.setMembers(["a", "b"]);
        await process.links.start();
      }
      a.begin("main@a");
      b.begin("worker-0");
      await a.linked("main@a", "worker-0");
      await b.linked("worker-0", "main@a");
      await play({ server, proxy, a, b });
    },
  });
}

const WORKER = tillOf("worker-0");
const SHORT_MS = 300;

/** Sells under a key until it is known to have happened; gives the number. */
async function sell(from: LinkedProcess, key: string): Promise<unknown> {
  while (true) {
    const sold = await from.ask("main@a", WORKER, { kind: "sell", key });
    if (sold.kind === "ok") return sold.value;
    await from.linked("main@a", "worker-0");
  }
}

test("an ask is answered by an actor of another process, and tells keep their order", async ({ a }) => {
  for (let number = 0; number < 1_000; number++) {
    a.tell("main@a", WORKER, { kind: "note", number });
    if (number % 100 === 0) await sell(a, `${number}`);
  }
  const notes = await a.ask("main@a", WORKER, { kind: "notes" });
  const value = Array.from({ length: 1_000 }, (_, number) => number);
  assert.deepEqual(notes, { kind: "ok", value });
});

test("an ask that nobody answers is unknown at its deadline", async ({ a }) => {
  const ignored = await a.ask("main@a", WORKER, { kind: "ignore" }, 20);
  assert.equal(ignored.kind, "unknown");
});

test("who is no member any more is cut off: asks to it are unknown at once", async ({ a }) => {
  const asked = a.ask("main@a", WORKER, { kind: "ignore" });
  await sell(a, "1");
  a.links.setMembers(["a"]);
  assert.equal((await asked).kind, "unknown");
  const next = await a.ask("main@a", WORKER, { kind: "ignore" });
  assert.deepEqual(next, {
    kind: "failed",
    code: "unavailable",
    retryAfterMs: 250,
  });
});

test("who stops says so: asks to it are unknown at once", async ({ a, b }) => {
  const asked = a.ask("main@a", WORKER, { kind: "ignore" });
  await sell(a, "1");
  await b.links.stop();
  assert.equal((await asked).kind, "unknown");
});

test("a domain that is replaced gets a fresh link, and asks to its former life are unknown", async ({ a, b }) => {
  const asked = a.ask("main@a", WORKER, { kind: "ignore" });
  await sell(a, "1");
  b.end("worker-0");
  assert.equal((await asked).kind, "unknown");
  b.begin("worker-0", 2);
  await a.linked("main@a", "worker-0");
  assert.equal(await sell(a, "2"), 1, "it has sold nothing in this life");
});

test("a territory that moves takes its links along", async ({ a, b }) => {
  b.end("worker-0");
  await a.linked("main@a", "worker-0", false);
  a.begin("worker-0", 2);
  b.begin("main@b");
  await b.linked("main@b", "worker-0");
  const sold = await b.ask("main@b", WORKER, { kind: "sell", key: "1" });
  assert.deepEqual(sold, { kind: "ok", value: 1 });
});

for (const kind of CLIENT_KINDS) {
  test(
    `with ${kind.name} a cut in the middle of an ask makes it unknown at ` +
      "worst, and asking again under its key has one effect",
    async ({ proxy, a }) => {
      for (let sales = 1; sales <= 5; sales++) {
        proxy.weather = { kind: "cut", after: "PUBLISH" };
        assert.equal(await sell(a, `${sales}`), sales);
      }
      assert.equal(await sell(a, "1"), 1);
    },
    { kind },
  );

  test(
    `with ${kind.name} a lost subscription is made anew`,
    async ({ server, a }) => {
      for (let sales = 1; sales <= 2; sales++) {
        await server.ask("CLIENT KILL TYPE pubsub");
        assert.equal(await sell(a, `${sales}`), sales);
      }
    },
    { kind, silenceMs: SHORT_MS },
  );
}

test(
  "what a frozen connection held back for longer than the silence has no effect",
  async ({ proxy, a, b }) => {
    proxy.weather = { kind: "frozen" };
    const asked = a.ask("main@a", WORKER, { kind: "sell", key: "late" });
    assert.equal((await asked).kind, "unknown");
    await b.linked("worker-0", "main@a", false);
    proxy.weather = { kind: "fair" };
    await a.linked("main@a", "worker-0");
    assert.equal(await sell(a, "1"), 1);
  },
  { silenceMs: SHORT_MS },
);

test(
  "while Redis takes nothing a bounded number of asks wait, and the next fail",
  async ({ proxy, a }) => {
    proxy.weather = { kind: "frozen" };
    const asks = Array.from(
      { length: 3 * OUTBOX_FRAMES },
      () => a.ask("main@a", WORKER, { kind: "ignore" }),
    );
    const outcomes = await Promise.all(asks);
    const overloaded = outcomes.filter((outcome) =>
      outcome.kind === "failed" && outcome.code === "overloaded"
    );
    assert.equal(overloaded.length, 2 * OUTBOX_FRAMES);
  },
  { silenceMs: SHORT_MS },
);

test(
  "a Redis that lost its power, and all it knew, is used again",
  async ({ server, a }) => {
    await server.kill();
    await a.linked("main@a", "worker-0", false);
    await server.restart();
    await a.linked("main@a", "worker-0");
    assert.equal(await sell(a, "1"), 1);
  },
  { silenceMs: SHORT_MS },
);

test("over a slow connection all arrives", async ({ proxy, a }) => {
  proxy.weather = { kind: "slow", byMs: 50 };
  const sold = await Promise.all(["1", "2"].map((key) => sell(a, key)));
  assert.deepEqual(sold, [1, 2]);
  assert.equal(a.links.report().resets, 0);
});

test("a broadcast reaches all at once who are there, and after a cut is told that some may be missing", async ({ proxy, a, b }) => {
  assert.deepEqual(b.resets, ["a"]);
  a.links.broadcast("prices", { kind: "changed" });
  assert.deepEqual(a.heard, [{ kind: "changed" }]);
  await b.hears(1);
  proxy.weather = { kind: "cut", after: "PUBLISH" };
  await sell(a, "1");
  assert.ok(b.resets.length <= 2);
  a.links.broadcast("prices", { kind: "again" });
  await b.hears(2);
  assert.deepEqual(b.heard, [{ kind: "changed" }, { kind: "again" }]);
});

test(
  "what is no frame is counted and does no harm",
  async ({ server, a, b }) => {
    const channel = "doorbuster:{store}:process:b";
    for (const text of ["nonsense", "{}", "[1]"]) {
      await server.ask(`PUBLISH ${channel} ${text}`);
    }
    assert.equal(await sell(a, "1"), 1);
    assert.equal(b.links.report().badFrames, 3);
    assert.equal(b.links.report().resets, 0);
  },
);
