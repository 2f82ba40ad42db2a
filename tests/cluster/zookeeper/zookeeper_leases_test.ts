/** Locks over a real ZooKeeper: the contract of locks, and what it adds. */
import assert from "node:assert/strict";
import type { Lock } from "../../../cluster/lock.ts";
import {
  openLock,
  openZooKeeperLeases,
} from "../../../cluster/worker/host_lock.ts";
import {
  ZooKeeperLeases,
  type ZooKeeperLeasesOptions,
} from "../../../cluster/zookeeper/zookeeper_leases.ts";
import { hostClock, hostTimers } from "../../../cluster/worker/host_clock.ts";
import { granted } from "../../permission.ts";
import { checkLock, held } from "../lock/lock_contract.ts";
import {
  Onlooker,
  zooKeeperClient,
  ZooKeeperServer,
} from "./zookeeper_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");
const LONG_MS = 20_000;
/** No session of these tests ends by itself. */
const SESSION_MS = 10_000;

function leasesAt(
  port: number,
  options: ZooKeeperLeasesOptions = {},
): Promise<ZooKeeperLeases> {
  return openZooKeeperLeases(() => zooKeeperClient(port, SESSION_MS), {
    retryEveryMs: 60_000,
    ...options,
  });
}

/** So many processes, each with a session of its own. */
async function processesAt(port: number, count: number) {
  const stores = await Promise.all(
    Array.from({ length: count }, () => leasesAt(port)),
  );
  const locks = stores.map((store) => openLock(store));
  return {
    stores,
    locks,
    async [Symbol.asyncDispose]() {
      for (const lock of locks) await lock[Symbol.asyncDispose]();
      for (const store of stores) await store[Symbol.asyncDispose]();
    },
  };
}

Deno.test({
  name: "G80 a lock over ZooKeeper keeps the contract",
  ignore,
  async fn(test) {
    await using server = await ZooKeeperServer.start();
    await using processes = await processesAt(server.port, 4);
    let turn = 0;
    await checkLock(test, {
      open: () => processes.stores[turn++ % processes.stores.length]!,
    });
  },
});

Deno.test({
  name: "locks over ZooKeeper serve waiters of all processes in order of " +
    "arrival, each watching the one before it alone",
  ignore,
  async fn() {
    await using server = await ZooKeeperServer.start();
    await using onlooker = await Onlooker.at(server.port);
    await using processes = await processesAt(server.port, 4);
    const { locks } = processes;
    const lease = await held(locks[0]!, "sku-1");
    const served: number[] = [];
    const fences: number[] = [lease.fence];
    const folder = "/doorbuster-lock/sku-1";
    const waits: Promise<void>[] = [];
    for (let turn = 0; turn < 12; turn++) {
      waits.push((async () => {
        const lock = locks[turn * 7 % locks.length]!;
        await using own = await held(lock, "sku-1", LONG_MS, LONG_MS);
        served.push(turn);
        fences.push(own.fence);
      })());
      await onlooker.waitForChildren(folder, turn + 2);
    }
    // All stand in line; the watch of the last may still be under way.
    let watches = "";
    do watches = await server.ask("wchs"); while (
      !watches.includes("watching 12 paths")
    );
    assert.match(watches, /Total watches:12/);
    await lease.release();
    await Promise.all(waits);
    assert.deepEqual(served, Array.from({ length: 12 }, (_, turn) => turn));
    assert.deepEqual(fences, fences.toSorted((a, b) => a - b));
    assert.deepEqual(await onlooker.children(folder), []);
  },
});

Deno.test({
  name:
    "a process that ends its session frees what it held, and its place in " +
    "line",
  ignore,
  async fn() {
    await using server = await ZooKeeperServer.start();
    await using onlooker = await Onlooker.at(server.port);
    await using staying = await leasesAt(server.port);
    await using lock: Lock = openLock(staying);
    const leaving = await leasesAt(server.port);
    const wish = { name: "sku-1", ttlMs: LONG_MS, willWait: true };
    assert.equal(
      (await leaving.take({ ...wish, owner: "gone-1" })).kind,
      "taken",
    );
    assert.equal(
      (await leaving.take({ ...wish, owner: "gone-2" })).kind,
      "held",
    );
    const waiting = held(lock, "sku-1", LONG_MS, LONG_MS);
    await onlooker.waitForChildren("/doorbuster-lock/sku-1", 3);
    await leaving[Symbol.asyncDispose]();
    assert.ok((await waiting).leftMs > 0);
  },
});

Deno.test({
  name: "a lock whose znode an operator removed is lost at the next extension",
  ignore,
  async fn() {
    await using server = await ZooKeeperServer.start();
    await using onlooker = await Onlooker.at(server.port);
    await using leases = await leasesAt(server.port);
    await using lock = openLock(leases);
    const lease = await held(lock, "sku-1");
    const folder = "/doorbuster-lock/sku-1";
    const [znode] = await onlooker.children(folder);
    await onlooker.remove(`${folder}/${znode}`);
    assert.deepEqual(await lease.extend(), { kind: "rejected", code: "lost" });
    await held(lock, "sku-1");
  },
});

Deno.test({
  name: "names of any kind are locks of their own, and leave no znode behind",
  ignore,
  async fn() {
    await using server = await ZooKeeperServer.start();
    await using onlooker = await Onlooker.at(server.port);
    const root = "/shop/locks";
    await using leases = await openZooKeeperLeases(
      () => zooKeeperClient(server.port, 1_000),
      { root, forgetAfterMs: 1 },
    );
    await using lock = openLock(leases);
    const names = [".", "..", "a/b", "a", "a%2Fb", "ä", "zookeeper", "😀"];
    const all = await Promise.all(names.map((name) => held(lock, name)));
    assert.equal((await onlooker.children(root)).length, names.length);
    for (const lease of all) assert.equal((await lease.release()).kind, "ok");
    await onlooker.waitForChildren(root, 0);
    await held(lock, "a/b");
  },
});

Deno.test({
  name: "a ZooKeeper that is not there yet is waited for",
  ignore,
  async fn() {
    await using server = await ZooKeeperServer.start();
    await server.kill();
    const opening = leasesAt(server.port);
    await server.restart();
    await using leases = await opening;
    await using lock = openLock(leases);
    await held(lock, "sku-1");
  },
});

Deno.test("a root that is no path, and a client that sends again, are refused", async () => {
  const time = { clock: hostClock, timers: hostTimers };
  const connect = () => zooKeeperClient(1, SESSION_MS);
  for (const root of ["", "/", "lock", "/a//b", "/a/", "/a b", "/../a"]) {
    assert.throws(() => new ZooKeeperLeases(connect, time, { root }), /root/);
  }
  const eager = () => ({ ...connect(), options: { retries: 1 } });
  await assert.rejects(new ZooKeeperLeases(eager, time).open(), /retries/);
});
