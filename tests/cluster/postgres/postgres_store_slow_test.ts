/** Opening a store in a real PostgreSQL: what is made, and what is refused. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { StoreError } from "../../../cluster/journal/database.ts";
import { openPostgresStore } from "../../../cluster/journal/postgres_store.ts";
import { hostTimers } from "../../../cluster/worker/host_clock.ts";
import { granted } from "../../permission.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { freePort } from "../redis/redis_server.ts";
import { PostgresServer } from "./postgres_server.ts";
import { storeOptions } from "./postgres_shop.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

/** A database of its own for each claim, in one server. */
interface Stand {
  readonly server: PostgresServer;
  readonly url: string;
  /** Runs statements in it as the owner of everything. */
  run(statements: string): Promise<readonly Record<string, unknown>[]>;
}

function open(url: string, options: Partial<typeof storeOptions> = {}) {
  return openPostgresStore({ ...storeOptions, ...options, url });
}

/** How an opening is refused. */
async function refusal(
  url: string,
  options: Partial<typeof storeOptions> = {},
): Promise<StoreError> {
  try {
    await (await open(url, options)).close();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  assert.fail("It was opened");
}

/** The same database for another user, who was made for it. */
async function asUser(
  { url, run }: Stand,
  name: string,
  rights = "",
): Promise<string> {
  await run(`CREATE ROLE ${name} LOGIN PASSWORD 'right'; ${rights}`);
  return url.replace("tester", name);
}

const claims: readonly {
  name: string;
  holds: (stand: Stand) => Promise<void>;
}[] = [
  {
    name: "a store keeps who it is and its secrets",
    async holds({ url }) {
      const first = await open(url, { territories: 3 });
      await first.close();
      const second = await open(url, { territories: 5 });
      await second.close();
      for (
        const key of [
          "storeId",
          "sessionSecret",
          "adminToken",
          "territories",
          "partitions",
        ] as const
      ) {
        assert.deepEqual(second[key], first[key]);
      }
      assert.equal(second.territories, 3);
      assert.notEqual(first.sessionSecret, first.adminToken);
    },
  },
  {
    name: "processes that start at once make one store",
    async holds({ url }) {
      const stores = await Promise.all(
        Array.from({ length: 6 }, () => open(url)),
      );
      await Promise.all(stores.map((store) => store.close()));
      assert.equal(new Set(stores.map(({ storeId }) => storeId)).size, 1);
    },
  },
  {
    name: "other partition counts are refused, and nothing is changed",
    async holds({ url }) {
      await (await open(url)).close();
      const partitions = { ...storeOptions.partitions, inventory: 3 };
      const { fault, message } = await refusal(url, { partitions });
      assert.equal(fault, "mismatch");
      assert.match(message, /expected .*inventory 3.* found .*inventory 2/);
      await (await open(url)).close();
    },
  },
  {
    name: "processes whose maps of stock differ do not share a store",
    async holds({ url }) {
      await (await open(url)).close();
      const stockRanges = { borders: ["", "M"], partitions: [0, 1] };
      const { fault, message } = await refusal(url, { stockRanges });
      assert.equal(fault, "mismatch");
      assert.match(message, /expected stock by 2 ranges.* found stock by hash/);
      await (await open(url)).close();
    },
  },
  {
    name: "a store by range keeps its map",
    async holds({ url }) {
      const stockRanges = { borders: ["", "M"], partitions: [0, 1] };
      await (await open(url, { stockRanges })).close();
      const store = await open(url, { stockRanges });
      await store.close();
      assert.deepEqual(store.stockRanges, stockRanges);
      assert.deepEqual(store.partitions, storeOptions.partitions);
      const moved = { borders: ["", "N"], partitions: [0, 1] };
      for (const other of [null, moved]) {
        const { fault } = await refusal(url, { stockRanges: other });
        assert.equal(fault, "mismatch");
      }
    },
  },
  {
    name: "tables of a later release are used as long as it allows that",
    async holds({ url, run }) {
      await (await open(url)).close();
      await run("INSERT INTO doorbuster.versions VALUES (90, 1)");
      await (await open(url)).close();
      await run("INSERT INTO doorbuster.versions VALUES (91, 90)");
      const { fault, message } = await refusal(url);
      assert.equal(fault, "newer");
      assert.match(message, /found version 91/);
    },
  },
  {
    name: "tables of somebody else in the way are refused and left alone",
    async holds({ url, run }) {
      await run(`
        CREATE SCHEMA doorbuster;
        CREATE TABLE doorbuster.events (mine text);
        INSERT INTO doorbuster.events VALUES ('precious')`);
      const { fault, message } = await refusal(url);
      assert.equal(fault, "foreign");
      assert.match(message, /"events"/);
      assert.deepEqual(
        [...await run("SELECT * FROM doorbuster.events")],
        [{ mine: "precious" }],
      );
    },
  },
  {
    name: "a table that only has the name is refused",
    async holds({ url, run }) {
      await run(`
        CREATE SCHEMA doorbuster;
        CREATE TABLE doorbuster.versions (mine text);
        CREATE TABLE doorbuster.store (mine text)`);
      assert.equal((await refusal(url)).fault, "foreign");
    },
  },
  {
    name: "a user who may not make the tables is refused, nothing half made",
    async holds(stand) {
      const url = await asUser(stand, "guest");
      const { fault, message } = await refusal(url);
      assert.equal(fault, "unwritable");
      assert.match(message, /permission denied/);
      const found = await stand.run(
        "SELECT 1 FROM pg_namespace WHERE nspname = 'doorbuster'",
      );
      assert.equal(found.length, 0);
    },
  },
  {
    name: "a user needs no right but those to the tables, and each of them",
    async holds(stand) {
      await (await open(stand.url)).close();
      const url = await asUser(stand, "clerk");
      assert.equal((await refusal(url)).fault, "unwritable");
      await stand.run(`
        GRANT USAGE ON SCHEMA doorbuster TO clerk;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA doorbuster
          TO clerk`);
      await (await open(url)).close();
      await stand.run("REVOKE INSERT ON doorbuster.events FROM clerk");
      const { fault, message } = await refusal(url);
      assert.equal(fault, "unwritable");
      assert.match(
        message,
        /INSERT on doorbuster.events, found none for clerk/,
      );
    },
  },
  {
    name: "a wrong password is refused, and no password is shown",
    async holds(stand) {
      const url = await asUser(stand, "buyer");
      await stand.server.demandPassword("buyer");
      const wrong = url.replace("buyer", "buyer:hunter2");
      const { fault, message } = await refusal(wrong);
      assert.equal(fault, "refused");
      assert.doesNotMatch(message, /hunter2/);
      const right = await refusal(url.replace("buyer", "buyer:right"));
      assert.equal(right.fault, "unwritable", "it was let in");
    },
  },
  {
    name: "a database that is not there is refused",
    async holds({ url }) {
      const { fault, message } = await refusal(`${url}_not`);
      assert.equal(fault, "missing");
      assert.match(message, /does not exist/);
    },
  },
  {
    name: "a server that is not there, or silent, is refused in time",
    async holds({ server, url }) {
      const nobody = url.replace(`:${server.port}`, `:${freePort()}`);
      assert.equal((await refusal(nobody)).fault, "unreachable");
      await using proxy = new TcpProxy(server.port);
      proxy.weather = { kind: "frozen" };
      const silent = url.replace(`:${server.port}`, `:${proxy.port}`);
      const timers = {
        ...hostTimers,
        set: (act: () => void, delayMs: number) =>
          setTimeout(act, delayMs / 200),
      };
      const { fault, message } = await refusal(silent, { timers });
      assert.equal(fault, "unreachable");
      assert.match(message, /No answer within/);
    },
  },
  {
    name: "an older release of PostgreSQL is refused",
    async holds(stand) {
      // What the server says of itself, said by somebody else first.
      const url = await asUser(
        stand,
        "elder",
        `CREATE SCHEMA elder;
         CREATE FUNCTION elder.current_setting(text) RETURNS text LANGUAGE sql
           AS $$ SELECT CASE $1 WHEN 'server_version_num' THEN '140021'
             ELSE pg_catalog.current_setting($1) END $$;
         GRANT USAGE ON SCHEMA elder TO elder;
         ALTER ROLE elder SET search_path = elder, pg_catalog`,
      );
      const { fault, message } = await refusal(url);
      assert.equal(fault, "unfit");
      assert.match(message, /PostgreSQL 15 or later, found PostgreSQL 14/);
    },
  },
  {
    name: "a database that cannot hold every letter is refused",
    async holds({ url, run }) {
      await run(`CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0
        LC_COLLATE 'C' LC_CTYPE 'C'`);
      const latin = url.replace(/[^/]+$/, "latin");
      const { fault, message } = await refusal(latin);
      assert.equal(fault, "unfit");
      assert.match(message, /UTF8, found one in LATIN1/);
    },
  },
  {
    name: "a server that takes no writes is refused",
    async holds(stand) {
      const url = await asUser(
        stand,
        "reader",
        "ALTER ROLE reader SET default_transaction_read_only = on",
      );
      const { fault, message } = await refusal(url);
      assert.equal(fault, "unwritable");
      assert.match(message, /takes writes/);
    },
  },
  {
    name: "what is not the URL of a database is refused and not shown",
    async holds() {
      for (
        const url of [
          "hunter2",
          "postgres://hunter2",
          "http://me:hunter2@host/db",
          "postgres:///hunter2",
        ]
      ) {
        const { path, message } = await refusal(url);
        assert.equal(path, "DATABASE_URL");
        assert.doesNotMatch(message, /hunter2/);
      }
    },
  },
];

// G105
Deno.test({
  name: "a store in PostgreSQL",
  ignore,
  async fn(test) {
    await using server = await PostgresServer.start();
    const administrator = postgres(server.url, { max: 1 });
    for (const [index, { name, holds }] of claims.entries()) {
      await test.step(name, async () => {
        await administrator.unsafe(`CREATE DATABASE claim_${index}`);
        const url = server.url.replace(/[^/]+$/, `claim_${index}`);
        const client = postgres(url, { max: 1, onnotice: () => {} });
        const run = (statements: string) => client.unsafe(statements);
        try {
          await holds({ server, url, run });
        } finally {
          await client.end({ timeout: 1 });
        }
      });
    }
    await administrator.end({ timeout: 1 });
  },
});
