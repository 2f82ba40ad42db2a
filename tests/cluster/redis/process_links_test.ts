/** Domains of two processes that talk over a real Redis, and its bad moments. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { type ClientKind, NODE_REDIS } from "./clients.ts";
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

test("an ask is answered by an actor of another process", async ({ a }) => {
  const sold = await a.ask("main@a", tillOf("worker-0"), {
    kind: "sell",
    key: "1",
  });
  assert.deepEqual(sold, { kind: "ok", value: 1 });
});
