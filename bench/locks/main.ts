/**
 * Our program in the contests of locks: `main.ts PORT NAME MILLISECONDS n=N`.
 *
 * @module
 */
import { Redis } from "ioredis";
import { RedisLeases } from "../../cluster/redis/redis_leases.ts";
import { redisPort } from "../../cluster/redis/redis_port.ts";
import { openLock } from "../../cluster/worker/host_lock.ts";
import { runProgram } from "../actors/program.ts";
import { lockTasks, TTL_MS } from "./tasks.ts";

const [port, ...args] = Deno.args;
const redis = new Redis(Number(port), "127.0.0.1");
const lock = openLock(new RedisLeases(redisPort(redis)));

async function acquire(name: string) {
  const wait = { ttlMs: TTL_MS, waitMs: TTL_MS };
  const acquired = await lock.acquire(name, wait);
  if (acquired.kind !== "ok") throw new Error(`No lock: ${acquired.kind}`);
  return acquired.value;
}

await runProgram(lockTasks(acquire), args);
await lock[Symbol.asyncDispose]();
redis.disconnect();
