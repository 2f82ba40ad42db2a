/** Territories' leases in a real Redis. */
import assert from "node:assert/strict";
import {
  agreeOnLeases,
  RedisOwnership,
} from "../../../cluster/redis/redis_ownership.ts";
import {
  type RedisPort,
  redisScript,
} from "../../../cluster/redis/redis_port.ts";
import { granted } from "../../permission.ts";
import {
  checkRule,
  RULE_NAMES,
  TERRITORIES,
} from "../ownership_port_contract.ts";
import { NODE_REDIS } from "./clients.ts";
import { RedisServer } from "./redis_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");
const HOUR_MS = 3_600_000;

/** Makes a server look an hour older to the shop of that name. */
async function age(server: RedisServer, storeId: string): Promise<void> {
  const key = `doorbuster:{${storeId}}:since`;
  const [, since = ""] = (await server.ask(`GET ${key}`)).split("\r\n");
  const [id, atMs] = since.split(" ");
  await server.ask(`SET ${key} "${id} ${Number(atMs) - HOUR_MS}"`);
}

/** A shop of its own in a server. */
function open(server: RedisServer, redis: RedisPort, storeId: string) {
  return {
    port: new RedisOwnership(redis, {
      storeId,
      process: "p",
      territories: TERRITORIES,
    }),
    age: () => age(server, storeId),
    async lose() {
      await server.kill();
      await server.restart();
      // The client connects again by itself.
      while ((await redis.send(["PING"])).kind !== "ok") {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}

/** What processes of a shop do that is about how long leases last. */
function agreement(server: RedisServer, redis: RedisPort) {
  const { port } = open(server, redis, "shop");
  const leases = { wantsShare: true, leases: [] };
  return {
    agree: (leaseForMs: number) => agreeOnLeases(redis, "shop", leaseForMs),
    live: (process: string, leaseForMs: number) =>
      new Promise((resolve) =>
        port.beat({ process, leaseForMs, ...leases }, resolve)
      ),
    leave: (process: string) =>
      new Promise<void>((resolve) => port.leave(process, resolve)),
  };
}

Deno.test({
  name: "Redis keeps territories' leases as a store of them must",
  ignore,
  async fn(test) {
    await using server = await RedisServer.start();
    await using client = await NODE_REDIS.connect(server.port);
    for (const [number, rule] of RULE_NAMES.entries()) {
      const store = open(server, client.port, `shop-${number}`);
      await test.step(rule, () => checkRule(rule, store));
    }
  },
});

Deno.test({
  name: "how long leases last is what those who live have said, and whoever " +
    "comes when nobody lives says it anew",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using client = await NODE_REDIS.connect(server.port);
    const { agree, live, leave } = agreement(server, client.port);
    // Two who start at once are both told their own until one lives.
    assert.equal(await agree(HOUR_MS), HOUR_MS);
    assert.equal(await agree(2 * HOUR_MS), 2 * HOUR_MS);
    await live("q", 2 * HOUR_MS);
    assert.equal(await agree(HOUR_MS), 2 * HOUR_MS);
    assert.equal(await agree(2 * HOUR_MS), 2 * HOUR_MS);
    await leave("q");
    assert.equal(await agree(HOUR_MS), HOUR_MS);
    await live("r", HOUR_MS);
    assert.equal(await agree(2 * HOUR_MS), HOUR_MS);
  },
});

// G112
Deno.test({
  name:
    "a Redis that lost its data hears from those who live how long leases " +
    "last, also when somebody else was let in before",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using client = await NODE_REDIS.connect(server.port);
    const { agree, live } = agreement(server, client.port);
    for (const isLetIn of [false, true]) {
      assert.equal(await agree(HOUR_MS), HOUR_MS);
      await live("p", HOUR_MS);
      assert.equal(await server.ask("FLUSHALL"), "+OK");
      if (isLetIn) assert.equal(await agree(2 * HOUR_MS), 2 * HOUR_MS);
      await live("p", HOUR_MS);
      // Who was let in lives by then, and asks once more.
      if (isLetIn) await live("q", 2 * HOUR_MS);
      assert.equal(await agree(2 * HOUR_MS), HOUR_MS);
      assert.equal(await agree(HOUR_MS), HOUR_MS);
    }
  },
});

/** Mistakes in a script: what is left out of it, or put in its place. */
const MISTAKES: Readonly<Record<string, readonly [string, string]>> = {
  "DEL without a look at the owner": [
    "~= ARGV[1] then return 0 end\nredis.call('DEL'",
    "== '' then return 0 end\nredis.call('DEL'",
  ],
  "SETNX and no EXPIRE": ["'NX', 'PX', ARGV[2])", "'NX')"],
  "an extension without a look at the owner": [
    "if holder ~= '' and owner == holder then",
    "if holder ~= '' then",
  ],
  "giving at once what was lost": [
    "if settles > 0 then return -1 - settles end",
    "",
  ],
  "a late beat that brings a lease back": [
    "if last < tonumber(ARGV[at + 1]) then",
    "if not owner then",
  ],
};

for (const [mistake, [find, replace]] of Object.entries(MISTAKES)) {
  Deno.test({
    name: `a script with ${mistake} breaks the rules of a store of leases`,
    ignore,
    async fn() {
      await using server = await RedisServer.start();
      await using client = await NODE_REDIS.connect(server.port);
      let isMade = false;
      const redis: RedisPort = {
        ...client.port,
        send: (command) => client.port.send(command),
        run(script, keys, args) {
          isMade ||= script.text.includes(find);
          const text = script.text.replace(find, replace);
          return client.port.run(redisScript(text), keys, args);
        },
      };
      const broken: string[] = [];
      for (const [number, rule] of RULE_NAMES.entries()) {
        const store = open(server, redis, `shop-${number}`);
        await checkRule(rule, store).catch(() => broken.push(rule));
      }
      assert.ok(isMade, "the mistake is made");
      assert.notDeepEqual(broken, []);
    },
  });
}

Deno.test({
  name: "a Redis that comes back with old data gives nothing for a lease",
  ignore,
  async fn() {
    await using server = await RedisServer.start("--save", "3600 100000");
    await using client = await NODE_REDIS.connect(server.port);
    const { port, age, lose } = open(server, client.port, "a");
    const take = (holder: string) =>
      new Promise((resolve) =>
        port.take(
          { territory: "worker-0", holder, leaseForMs: 60_000 },
          resolve,
        )
      );
    await take("p/1");
    await age();
    assert.equal(await server.ask("SAVE"), "+OK");
    assert.match(JSON.stringify(await take("p/2")), /taken/);
    // The lease is not in the data that comes back.
    await lose();
    const kept = await server.ask("GET doorbuster:{a}:since");
    assert.match(kept, /\$\d+/, "it has old data");
    assert.match(JSON.stringify(await take("p/3")), /held/);
  },
});

Deno.test({
  name:
    "a user who may not ask for INFO has leases, and a Redis that lost all " +
    "its data still gives nothing",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using client = await NODE_REDIS.connect(server.port);
    assert.equal(await server.ask("ACL SETUSER default -info"), "+OK");
    const store = open(server, client.port, "a");
    const take = (territory: string) =>
      new Promise((resolve) =>
        store.port.take(
          { territory, holder: "p/1", leaseForMs: 60_000 },
          resolve,
        )
      );
    assert.match(JSON.stringify(await take("worker-0")), /held/);
    await store.age();
    assert.match(JSON.stringify(await take("worker-0")), /taken/);
    assert.equal(await server.ask("FLUSHALL"), "+OK");
    assert.match(JSON.stringify(await take("worker-1")), /held/);
  },
});

Deno.test({
  name: "who watches hears what others change, and not what he does",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using here = await NODE_REDIS.connect(server.port);
    await using there = await NODE_REDIS.connect(server.port);
    const options = { storeId: "a", territories: TERRITORIES };
    const ours = new RedisOwnership(here.port, { ...options, process: "p" });
    const theirs = new RedisOwnership(there.port, { ...options, process: "q" });
    let heard = 0;
    let next = Promise.withResolvers<void>();
    const stop = ours.watch(() => {
      heard++;
      next.resolve();
    });
    await next.promise;
    assert.equal(heard, 1, "it says when it begins to hear");
    next = Promise.withResolvers();
    await new Promise<void>((resolve) => ours.leave("p", resolve));
    const beat = (of: RedisOwnership, process: string) =>
      new Promise((resolve) =>
        of.beat(
          { process, leaseForMs: 60_000, wantsShare: true, leases: [] },
          resolve,
        )
      );
    await beat(ours, "p");
    await beat(theirs, "q");
    await next.promise;
    assert.equal(heard, 2);
    await stop();
  },
});
