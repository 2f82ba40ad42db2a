/** Locks over a real Redis: the contract of locks, and what Redis adds. */
import assert from "node:assert/strict";
import { openLock } from "../../../cluster/worker/host_lock.ts";
import { RedisLeases } from "../../../cluster/redis/redis_leases.ts";
import { granted } from "../../permission.ts";
import { checkLock, held } from "../lock/lock_contract.ts";
import { CLIENT_KINDS, NODE_REDIS } from "./clients.ts";
import { RedisServer } from "./redis_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");
const LONG_MS = 20_000;

for (const kind of CLIENT_KINDS) {
  // All read a script's answers alike; one client in both ways is enough.
  for (const isFair of kind === NODE_REDIS ? [false, true] : [false]) {
    Deno.test({
      name: `G80 a ${isFair ? "fair " : ""}lock over Redis keeps the ` +
        `contract through ${kind.name}`,
      ignore,
      async fn(test) {
        await using server = await RedisServer.start();
        await using client = await kind.connect(server.port);
        await checkLock(test, {
          open: () =>
            new RedisLeases(client.port, { isFair, retryEveryMs: 60_000 }),
        });
      },
    });
  }
}

Deno.test({
  name: "a fair lock serves waiters of all processes in order of arrival",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using client = await NODE_REDIS.connect(server.port);
    // One connection, so that who asks first arrives first.
    const store = new RedisLeases(client.port, { isFair: true });
    const first = openLock(store);
    const locks = Array.from({ length: 4 }, () => openLock(store));
    const lease = await held(first, "sku-1");
    const served: number[] = [];
    const waits = Array.from({ length: 12 }, async (_, turn) => {
      const lock = locks[turn * 7 % locks.length]!;
      await using _lease = await held(lock, "sku-1", LONG_MS, LONG_MS);
      served.push(turn);
    });
    await lease.release();
    await Promise.all(waits);
    assert.deepEqual(served, Array.from({ length: 12 }, (_, turn) => turn));
    for (const lock of [first, ...locks]) await lock[Symbol.asyncDispose]();
  },
});

Deno.test({
  name: "a waiter that died in line holds nobody up for good",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using client = await NODE_REDIS.connect(server.port);
    const options = { isFair: true, retryEveryMs: 50 };
    const store = new RedisLeases(client.port, options);
    await using lock = openLock(store);
    const lease = await held(lock, "sku-1");
    const dead = { owner: "dead", ttlMs: LONG_MS, willWait: true };
    assert.equal((await store.take({ name: "sku-1", ...dead })).kind, "held");
    await lease.release();
    const early = await lock.acquire("sku-1", { ttlMs: LONG_MS });
    assert.equal(early.kind, "rejected", "it is the dead one's turn");
    await held(lock, "sku-1", LONG_MS, LONG_MS);
  },
});

Deno.test({
  name: "G81 a Redis that lost its data still gives larger tokens, and one " +
    "whose clock went back does while it has its data",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using client = await NODE_REDIS.connect(server.port);
    await using lock = openLock(new RedisLeases(client.port));
    const before = await held(lock, "sku-1");
    await before.release();
    assert.equal(await server.ask("FLUSHALL"), "+OK");
    const after = await held(lock, "sku-1");
    assert.ok(after.fence > before.fence);
    await after.release();
    // As the counter is after a time in which the clock was an hour ahead.
    const ahead = after.fence + 3_600_000_000;
    await server.ask(`SET lock:{sku-1}:fence ${ahead}`);
    assert.equal((await held(lock, "sku-1")).fence, ahead + 1);
  },
});

Deno.test({
  name: "a lock's keys share a slot of a Redis Cluster, fair or not",
  ignore,
  async fn() {
    await using server = await RedisServer.start("--cluster-enabled", "yes");
    assert.equal(await server.ask("CLUSTER ADDSLOTSRANGE 0 16383"), "+OK");
    while (!(await server.ask("CLUSTER INFO")).includes("cluster_state:ok"));
    await using client = await NODE_REDIS.connect(server.port);
    for (const isFair of [false, true]) {
      await using lock = openLock(new RedisLeases(client.port, { isFair }));
      const lease = await held(lock, `sku-${isFair}`);
      assert.equal((await lease.extend()).kind, "ok");
      assert.equal((await lease.release()).kind, "ok");
    }
  },
});

Deno.test({
  name: "a process that hands a lock on within itself lets another have it",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using here = await NODE_REDIS.connect(server.port);
    await using there = await NODE_REDIS.connect(server.port);
    await using busy = openLock(new RedisLeases(here.port));
    await using other = openLock(new RedisLeases(there.port));
    let isOver = false;
    const crowd = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        await using _lease = await held(busy, "sku-1", LONG_MS, LONG_MS);
      }
    });
    for (let turn = 0; turn < 3; turn++) {
      const lease = await held(other, "sku-1", LONG_MS, LONG_MS);
      await lease.release();
    }
    isOver = true;
    await Promise.all(crowd);
  },
});
