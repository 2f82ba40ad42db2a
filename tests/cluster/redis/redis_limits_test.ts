/** Limits that processes share over a real Redis. */
import assert from "node:assert/strict";
import { RedisLimits } from "../../../cluster/redis/redis_limits.ts";
import type { RedisPort } from "../../../cluster/redis/redis_port.ts";
import { hostClock } from "../../../cluster/worker/host_clock.ts";
import { granted } from "../../permission.ts";
import { STORE_CASES, telling } from "../limiters/limit_store_contract.ts";
import { mostBeyond, SHARING } from "../limiters/limit_world.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { CLIENT_KINDS, NODE_REDIS } from "./clients.ts";
import {
  BUCKET,
  limitersOf,
  offer,
  openLimits,
  tellThrough,
  turn,
} from "./live_limits.ts";
import { RedisServer } from "./redis_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

/** On a busy machine Redis is slow, and not away. */
const PATIENT = { ...SHARING, answerWithinMs: 10_000 };

for (const { name, check } of STORE_CASES) {
  for (const kind of CLIENT_KINDS.filter(({ givesUp }) => givesUp)) {
    Deno.test({
      name: `Redis, through ${kind.name}, as a store of limits ${name}`,
      ignore,
      async fn() {
        await using server = await RedisServer.start();
        await using client = await kind.connect(server.port);
        await check(tellThrough(client.port));
      },
    });
  }
}

Deno.test({
  // I17 G73
  name: "three processes with one Redis, each offered five times the limit, " +
    "let pass what one bucket would, and the stated slack",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using one = await NODE_REDIS.connect(server.port);
    await using other = await NODE_REDIS.connect(server.port);
    await using third = await NODE_REDIS.connect(server.port);
    await using first = openLimits(one.port, "1", PATIENT);
    await using second = openLimits(other.port, "2", PATIENT);
    await using last = openLimits(third.port, "3", PATIENT);
    const shared = [first.limits, second.limits, last.limits];
    const fromMs = hostClock.monotonicMs();
    const passed = await offer(limitersOf(shared, BUCKET), 700);
    // A quarter of the burst is the slack of all; 1 is for clocks that drift.
    const beyond = mostBeyond(passed, BUCKET, fromMs);
    assert.ok(beyond <= 40 / 4 + 1, `${beyond}`);
    assert.ok(shared.every(({ isAway }) => !isAway));
    // On a busy machine turns are late: half of it passes in any case.
    assert.ok(passed.length > (40 + 400 * 0.7) / 2, `${passed.length}`);
  },
});

for (const kind of CLIENT_KINDS) {
  Deno.test({
    name: "what was told while " + kind.name +
      " lost its connection is counted once",
    ignore,
    async fn() {
      await using server = await RedisServer.start();
      await using proxy = new TcpProxy(server.port);
      await using client = await kind.connect(proxy.port);
      await using shared = openLimits(client.port, "1");
      const { limits } = shared;
      const policy = {
        ...{ kind: "token-bucket" as const, capacityTokens: 1_000 },
        refillPerSecond: 1,
      };
      const limiter = limits.limiterFor(
        ...["user:ann", policy, hostClock.monotonicMs()] as const,
      );
      const take = (count: number) => {
        const nowMs = hostClock.monotonicMs();
        for (let taken = 0; taken < count; taken++) limiter.tryTake(nowMs);
      };
      const counted = async () => {
        const key = "doorbuster:{store}:limit:user:ann";
        const answer = await server.ask(`HMGET ${key} 1 level`);
        const [, , text, , level] = answer.split("\r\n");
        return text === undefined ? null : { text, level: Number(level) };
      };
      take(10);
      while (await counted() === null);
      proxy.weather = { kind: "cut", after: "EVALSHA" };
      take(10);
      // Once it is back, it tells of these too.
      while ((await counted())?.text !== "20") await turn();
      take(10);
      while ((await counted())?.text !== "30") await turn();
      const { level } = (await counted())!;
      const beyond = level / 1_000_000 - 970;
      // A share was taken while it was away, alone: all of it; a token a second.
      assert.ok(beyond >= 0 && beyond < 10, `${beyond}`);
    },
  });
}

Deno.test({
  name: "a Redis whose clock was set back takes nothing from a bucket for it",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using client = await NODE_REDIS.connect(server.port);
    const tell = tellThrough(client.port);
    await tell("1", telling("user:ann", 0, 0));
    const key = "doorbuster:{store}:limit:user:ann";
    // As if it had been written an hour from now.
    const atUs = (Date.now() + 3_600_000) * 1_000;
    assert.equal(await server.ask(`HSET ${key} at ${atUs}`), ":0");
    assert.deepEqual(await tell("1", telling("user:ann", 0, 4)), [6]);
    const [level] = await tell("1", telling("user:ann", 0, 4));
    assert.ok(level! > 6 && level! < 7, "it drips in again");
  },
});

Deno.test("RedisLimits refuses a prefix without a hash tag", () => {
  const redis = {} as RedisPort;
  const options = { redis, prefix: "shop:", process: "1", clock: hostClock };
  assert.throws(() => new RedisLimits(options), {
    name: "RangeError",
    message: /^Cannot keep limits under a prefix without a hash tag/,
  });
});
