/**
 * Redlock in the contests of locks: `main.ts PORT PAUSE NAME MILLISECONDS n=N`.
 * It is set up as it comes but for how long it pauses before it asks again,
 * and that it never gives up.
 *
 * @module
 */
import { Redis } from "ioredis";
import Redlock from "redlock";
import { runProgram } from "../../actors/program.ts";
import { lockTasks, TTL_MS } from "../../locks/tasks.ts";

const [port, pause, ...args] = Deno.args;
const retryDelay = Number(pause);
const redis = new Redis(Number(port), "127.0.0.1");
const redlock = new Redlock([redis], {
  retryCount: -1,
  retryDelay,
  // Half of the pause, as its own defaults have it.
  retryJitter: retryDelay / 2,
});

await runProgram(
  lockTasks((name) => redlock.acquire([name], TTL_MS)),
  args,
);
await redlock.quit();
