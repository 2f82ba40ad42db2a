/**
 * Two processes that are linked over a real Redis, the first one through a
 * proxy that cuts, delays and freezes its connections.
 *
 * @module
 */
import { granted } from "../../permission.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { type ClientKind, NODE_REDIS } from "./clients.ts";
import { LinkedProcess, tillOf } from "./linked_process.ts";
import { RedisServer } from "./redis_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

/** Two processes over one Redis. */
export interface Scene {
  readonly server: RedisServer;
  readonly proxy: TcpProxy;
  /** Has `main@a`; behind the proxy. */
  readonly a: LinkedProcess;
  /** Has `worker-0`. */
  readonly b: LinkedProcess;
}

/** A test of two processes that are linked when it begins. */
export function testLinked(
  name: string,
  play: (scene: Scene) => Promise<void>,
  { kind = NODE_REDIS, silenceMs = LONG_MS }: {
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

/** The till of `worker-0`. */
export const WORKER = tillOf("worker-0");
/** A silence that no machine is busy for. */
const LONG_MS = 60_000;
/** A silence that a test can wait for. */
export const SHORT_MS = 300;

/** Sells under a key until it is known to have happened; gives the number. */
export async function sell(from: LinkedProcess, key: string): Promise<unknown> {
  while (true) {
    const sold = await from.ask("main@a", WORKER, { kind: "sell", key });
    if (sold.kind === "ok") return sold.value;
    await from.linked("main@a", "worker-0");
  }
}
