/** Limits that processes share when Redis hangs, dies and has lost its data. */
import assert from "node:assert/strict";
import { hostClock } from "../../../cluster/worker/host_clock.ts";
import { granted } from "../../permission.ts";
import { STORE_CASES } from "../limiters/limit_store_contract.ts";
import { mostBeyond } from "../limiters/limit_world.ts";
import { NODE_REDIS } from "./clients.ts";
import {
  BUCKET,
  limitersOf,
  offer,
  openLimits,
  tellThrough,
} from "./live_limits.ts";
import { RedisServer } from "./redis_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

Deno.test({
  name: "two processes whose Redis hangs, goes on, dies and comes back empty " +
    "let pass what one bucket would all along, and the stated slack",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using one = await NODE_REDIS.connect(server.port);
    await using other = await NODE_REDIS.connect(server.port);
    await using first = openLimits(one.port, "1");
    await using second = openLimits(other.port, "2");
    const shared = [first.limits, second.limits];
    const limiters = limitersOf(shared, BUCKET);
    const fromMs = hostClock.monotonicMs();
    const all = await offer(limiters, 300);
    const away = () => shared.filter(({ isAway }) => isAway).length;
    for (const trouble of ["hangs", "dies"] as const) {
      assert.equal(away(), 0);
      if (trouble === "hangs") server.signal("SIGSTOP");
      else await server.kill();
      // The time of an answer and a tick.
      all.push(...await offer(limiters, 600));
      assert.equal(away(), 2, trouble);
      const without = await offer(limiters, 700);
      // On a busy machine turns are late.
      assert.ok(without.length > 0.7 * BUCKET.ratePerSecond / 2);
      all.push(...without);
      if (trouble === "hangs") server.signal("SIGCONT");
      else await server.restart();
      while (away() > 0) all.push(...await offer(limiters, 50));
      all.push(...await offer(limiters, 300));
    }
    // A quarter of the burst, what does not divide by two, and what comes in
    // between two looks at the clock: here, in Redis and in the other process.
    const beyond = mostBeyond(all, BUCKET, fromMs);
    const looks = BUCKET.ratePerSecond * 0.003;
    assert.ok(beyond <= BUCKET.burst / 4 + 2 + looks, `${beyond}`);
  },
});

Deno.test({
  name: "shared limits of one message are in one slot of a Redis Cluster",
  ignore,
  async fn() {
    await using server = await RedisServer.start("--cluster-enabled", "yes");
    assert.equal(await server.ask("CLUSTER ADDSLOTSRANGE 0 16383"), "+OK");
    while (!(await server.ask("CLUSTER INFO")).includes("cluster_state:ok"));
    await using client = await NODE_REDIS.connect(server.port);
    const tell = tellThrough(client.port);
    for (const { check } of STORE_CASES) await check(tell);
  },
});
