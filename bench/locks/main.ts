/**
 * Our program in the contests of locks: `main.ts STORE PORT NAME MILLISECONDS
 * n=N`.
 *
 * @module
 */
import { PostgresLeases } from "../../cluster/journal/postgres_leases.ts";
import type { LeaseStore } from "../../cluster/lock/lease_store.ts";
import { RedisLeases } from "../../cluster/redis/redis_leases.ts";
import { redisPort } from "../../cluster/redis/redis_port.ts";
import {
  openLock,
  openZooKeeperLeases,
} from "../../cluster/worker/host_lock.ts";
import { runProgram } from "../actors/program.ts";
import { lockTasks, TTL_MS } from "./tasks.ts";

const HOST = "127.0.0.1";
/** Beyond the longest pause that a busy machine makes. */
const SESSION_MS = 30_000;

interface Opened {
  readonly leases: LeaseStore;
  close(): Promise<unknown>;
}

/** Each library is loaded only where it is measured. */
const STORES: Readonly<Record<string, (port: number) => Promise<Opened>>> = {
  async redis(port) {
    const { Redis } = await import("ioredis");
    const redis = new Redis(port, HOST);
    return {
      leases: new RedisLeases(redisPort(redis)),
      close: () => Promise.resolve(redis.disconnect()),
    };
  },
  async postgres(port) {
    const { default: postgres } = await import("postgres");
    const database = { host: HOST, port, database: "postgres", user: "bench" };
    const client = postgres({ ...database, onnotice: () => {} });
    const leases = new PostgresLeases(client);
    await leases.create();
    return { leases, close: () => client.end() };
  },
  async zookeeper(port) {
    const { default: zookeeper } = await import("node-zookeeper-client");
    const leases = await openZooKeeperLeases(() =>
      zookeeper.createClient(`${HOST}:${port}`, { sessionTimeout: SESSION_MS })
    );
    return { leases, close: () => leases[Symbol.asyncDispose]() };
  },
};

const [store = "", port, ...args] = Deno.args;
const { leases, close } = await STORES[store]!(Number(port));
const lock = openLock(leases);

async function acquire(name: string) {
  const wait = { ttlMs: TTL_MS, waitMs: TTL_MS };
  const acquired = await lock.acquire(name, wait);
  if (acquired.kind !== "ok") throw new Error(`No lock: ${acquired.kind}`);
  return acquired.value;
}

await runProgram(lockTasks(acquire), args);
await lock[Symbol.asyncDispose]();
await close();
