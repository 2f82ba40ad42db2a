/**
 * A Redis or a PostgreSQL that cannot carry a shop: what the person who starts
 * one is told, and that nothing is half made. What can be wrong with each is
 * gone through where they are connected to; here it comes through `serve`.
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import { granted } from "../../permission.ts";
import { type Environment, refusal, run } from "../../shop/serve_command.ts";
import { products } from "../../shop/stage.ts";
import { StartupFolder } from "../../shop/startup_folder.ts";
import { PostgresServer } from "../postgres/postgres_server.ts";
import { freePort, RedisServer } from "../redis/redis_server.ts";
import { ShopCluster } from "./shop_cluster.ts";

/** The servers, and a folder for what a process has for itself. */
interface Scene {
  readonly redis: RedisServer;
  readonly database: PostgresServer;
  readonly folder: StartupFolder;
}

/** A wrong start: what is done to the servers before, and the line it gives. */
interface WrongStart {
  readonly what: string;
  prepare?(scene: Scene): Promise<unknown>;
  /** In place of the right one. */
  readonly redisUrl?: (scene: Scene) => string;
  readonly databaseUrl?: (scene: Scene) => string;
  readonly line: RegExp;
  /** Undoes what was done to the servers. */
  restore?(scene: Scene): Promise<unknown>;
}

const GUEST = (scene: Scene) => scene.database.url.replace("tester", "guest");

const WRONG_STARTS: readonly WrongStart[] = [
  {
    what: "no Redis beside the database",
    redisUrl: () => "",
    line: /^REDIS_URL: expected .*DATABASE_URL/,
  },
  {
    what: "no database beside the Redis",
    databaseUrl: () => "",
    line: /^DATABASE_URL: expected .*REDIS_URL/,
  },
  {
    what: "a Redis that is not there",
    redisUrl: () => `redis://127.0.0.1:${freePort()}`,
    line: /^Cannot use "REDIS_URL redis:.*expected a Redis that answers/,
  },
  {
    what: "a wrong password for Redis",
    prepare: ({ redis }) => redis.ask("CONFIG SET requirepass right"),
    redisUrl: ({ redis }) => `redis://:wrong-one@127.0.0.1:${redis.port}`,
    line: /^Cannot use "REDIS_URL redis:.*expected a user and password/,
    async restore({ redis }) {
      await redis.kill();
      await redis.restart();
    },
  },
  {
    what: "a Redis that is full",
    prepare: ({ redis }) => redis.ask("CONFIG SET maxmemory 1"),
    line:
      /^Cannot use "REDIS_URL redis:.*expected a server that can be written/,
    restore: ({ redis }) => redis.ask("CONFIG SET maxmemory 0"),
  },
  {
    what: "a Redis that may only be read",
    prepare: ({ redis }) => redis.ask("REPLICAOF 127.0.0.1 1"),
    line:
      /^Cannot use "REDIS_URL redis:.*expected a server that can be written/,
    restore: ({ redis }) => redis.ask("REPLICAOF NO ONE"),
  },
  {
    what: "a database that is not there",
    databaseUrl: ({ database }) => `${database.url}_not`,
    line: /^Cannot use "postgres:.* expected a database of that name/,
  },
  {
    what: "a user without rights in the database",
    prepare: ({ database }) => ask(database, "CREATE ROLE guest LOGIN"),
    databaseUrl: GUEST,
    line: /^Cannot use "postgres:.* expected the rights of an owner/,
  },
  {
    what: "a wrong password for the database",
    async prepare({ database }) {
      await ask(database, "ALTER ROLE guest PASSWORD 'right'");
      await database.demandPassword("guest");
    },
    databaseUrl: (scene) => GUEST(scene).replace("guest@", "guest:wrong-one@"),
    line: /^Cannot use "postgres:.* expected a user and password/,
  },
  {
    what: "somebody else's tables in the way",
    prepare: ({ database }) =>
      ask(
        database,
        "CREATE SCHEMA doorbuster CREATE TABLE doorbuster.events (note text)",
      ),
    line: /^Cannot use "postgres:.* expected a store's tables or none/,
    restore: ({ database }) => ask(database, "DROP SCHEMA doorbuster CASCADE"),
  },
];

/** Says something to the database as its owner. */
async function ask({ url }: PostgresServer, text: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}

Deno.test({
  name:
    "G112 a process whose leases would last longer or shorter than those of " +
    "the shop that runs is refused in one line",
  ignore: !granted("net", "run", "read", "write", "env", "sys"),
  async fn() {
    await using cluster = await ShopCluster.prepare(products("thing", 1, 1), {
      cluster: { leaseFor: "4s", shopWorkers: 1 },
    });
    using folder = new StartupFolder();
    const [client] = await cluster.startServing(1);
    const line = refusal(
      await run({
        ...folder.environment,
        REDIS_URL: `redis://127.0.0.1:${cluster.redis.port}`,
        DATABASE_URL: cluster.databaseUrl(),
      }),
    );
    assert.equal(
      line,
      `cluster.leaseFor: expected "4000ms" as the shop's other processes ` +
        `have it, found "3000ms"`,
    );
    const lines = [{ sku: "thing-0", quantity: 1 }];
    const { status } = await client!.placeOrder("ann", "one", lines);
    assert.equal(status, 201);
  },
});

async function expectNothingMade({ redis, database, folder }: Scene) {
  const schemas = await ask(
    database,
    "SELECT nspname FROM pg_namespace WHERE nspname = 'doorbuster'",
  );
  assert.deepEqual([...schemas], [], "no tables");
  // A probe that was written is gone after a second.
  await redis.ask("DEL doorbuster:probe");
  assert.equal(await redis.ask("DBSIZE"), ":0", "no keys");
  assert.deepEqual(folder.names(), ["catalog.csv"], "no files");
}

Deno.test({
  name:
    "G112 a Redis or a database that cannot carry a shop is named in one line, " +
    "exit code 2, and nothing is half made",
  ignore: !granted("net", "run", "read", "write", "env", "sys"),
  async fn(test) {
    await using redis = await RedisServer.start();
    await using database = await PostgresServer.start();
    using folder = new StartupFolder();
    const scene: Scene = { redis, database, folder };
    for (const wrong of WRONG_STARTS) {
      await test.step(wrong.what, async () => {
        await wrong.prepare?.(scene);
        const environment: Environment = {
          ...folder.environment,
          REDIS_URL: wrong.redisUrl?.(scene) ??
            `redis://127.0.0.1:${redis.port}`,
          DATABASE_URL: wrong.databaseUrl?.(scene) ?? database.url,
        };
        const line = refusal(await run(environment));
        assert.match(line, wrong.line);
        assert(!line.includes("wrong-one"), "a password is not shown");
        await wrong.restore?.(scene);
        await expectNothingMade(scene);
      });
    }
  },
});
