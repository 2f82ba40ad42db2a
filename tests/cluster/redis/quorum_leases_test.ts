/** Locks by a majority of real Redis servers that know nothing of each other. */
import assert from "node:assert/strict";
import { QuorumLeases } from "../../../cluster/lock/quorum_leases.ts";
import { RedisLeases } from "../../../cluster/redis/redis_leases.ts";
import { openLock } from "../../../cluster/worker/host_lock.ts";
import { granted } from "../../permission.ts";
import { checkLock, held } from "../lock/lock_contract.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { NODE_REDIS } from "./clients.ts";
import { RedisServer } from "./redis_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");
const LONG_MS = 20_000;
const HOUR_US = 3_600_000_000;

async function quorumOf(
  ports: readonly number[],
  stack: AsyncDisposableStack,
  retryEveryMs = 200,
): Promise<QuorumLeases> {
  const stores: RedisLeases[] = [];
  for (const port of ports) {
    const client = stack.use(await NODE_REDIS.connect(port));
    stores.push(new RedisLeases(client.port, { retryEveryMs }));
  }
  return new QuorumLeases(stores);
}

async function startThree(stack: AsyncDisposableStack) {
  const servers: RedisServer[] = [];
  for (let count = 0; count < 3; count++) {
    servers.push(stack.use(await RedisServer.start()));
  }
  return servers as [RedisServer, RedisServer, RedisServer];
}

Deno.test({
  name: "G80 a lock over three Redis servers keeps the contract",
  ignore,
  async fn(test) {
    await using stack = new AsyncDisposableStack();
    const servers = await startThree(stack);
    const ports = servers.map(({ port }) => port);
    const quorum = await quorumOf(ports, stack, 60_000);
    await checkLock(test, { open: () => quorum });
  },
});

Deno.test({
  name:
    "a lock over three servers bears the loss of one, not of two, and its " +
    "token is written back to those that are left",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const servers = await startThree(stack);
    const [first, second, third] = servers;
    const ports = servers.map(({ port }) => port);
    const lock = stack.use(openLock(await quorumOf(ports, stack)));
    // The first one's tokens are an hour ahead of those of the others.
    const ahead = Date.now() * 1000 + HOUR_US;
    await first.ask(`SET lock:{a}:fence ${ahead}`);
    await third.kill();
    const before = await held(lock, "a", LONG_MS, LONG_MS);
    assert.equal(before.fence, ahead + 1);
    assert.equal((await before.release()).kind, "ok");
    await third.restart();
    await first.kill();
    const after = await held(lock, "a", LONG_MS, LONG_MS);
    assert.ok(after.fence > before.fence, `${after.fence}`);
    await third.kill();
    assert.notEqual((await after.extend()).kind, "ok");
    const refused = await lock.acquire("b", { ttlMs: LONG_MS });
    assert.ok(refused.kind === "failed" || refused.kind === "unknown");
    assert.equal(await second.ask("EXISTS lock:{b}"), ":0");
  },
});

Deno.test({
  name: "a server that hangs holds no quorum up",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const [first, second, third] = await startThree(stack);
    const proxy = stack.use(new TcpProxy(third.port));
    const ports = [first.port, second.port, proxy.port];
    const lock = stack.use(openLock(await quorumOf(ports, stack)));
    proxy.weather = { kind: "frozen" };
    const fromMs = performance.now();
    const lease = await held(lock, "a");
    assert.equal((await lease.release()).kind, "ok");
    // Well within the deadline of the one that hangs.
    assert.ok(performance.now() - fromMs < 1_000);
  },
});

Deno.test("a quorum without stores, or with fair ones, is refused", () => {
  assert.throws(() => new QuorumLeases([]), /needs stores/);
  const fair = Object.assign(Object.create(RedisLeases.prototype), {
    isFair: true,
  });
  assert.throws(() => new QuorumLeases([fair]), /none of them fair/);
});
