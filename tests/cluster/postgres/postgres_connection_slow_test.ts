/** One connection to a real PostgreSQL: what its answers mean. */
import assert from "node:assert/strict";
import {
  placeOf,
  PostgresConnection,
} from "../../../cluster/journal/postgres_connection.ts";
import { hostTimers } from "../../../cluster/worker/host_clock.ts";
import { granted } from "../../permission.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { PostgresShop } from "./postgres_shop.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

const NOTE = "INSERT INTO notes VALUES ($1::text) RETURNING note";

/** What was noted, in order. */
async function noted({ client }: PostgresShop): Promise<unknown[]> {
  const rows = await client`SELECT note FROM notes ORDER BY at`;
  return rows.map(({ note }) => note);
}

const claims: readonly {
  name: string;
  holds: (shop: PostgresShop, connection: PostgresConnection) => Promise<void>;
}[] = [
  {
    name: "statements are run and answered in the order of the calls",
    async holds(shop, connection) {
      const notes = Array.from({ length: 30 }, (_, index) => `${index}`);
      const answered: unknown[] = [];
      await Promise.all(notes.map(async (note) => {
        const answer = await connection.run(NOTE, [note]);
        if (answer.kind === "ok") answered.push(answer.rows[0]?.note);
      }));
      assert.deepEqual(answered, notes);
      assert.deepEqual(await noted(shop), notes);
      assert.equal(connection.waiting, 0);
    },
  },
  {
    name: "a mistake is thrown, a refusal is unavailable, and neither ends " +
      "the connection",
    async holds(shop, connection) {
      await assert.rejects(connection.run("SELEKT"), /syntax error/);
      await assert.rejects(connection.run("SELECT 1 / 0"), /by zero/);
      const missing = await connection.run("SELECT * FROM nowhere");
      assert.equal(missing.kind, "unavailable");
      assert.equal((await connection.run(NOTE, ["x"])).kind, "ok");
      assert.deepEqual(await noted(shop), ["x"]);
    },
  },
  {
    name: "a connection that the server ended while it was idle is replaced " +
      "without a trace",
    async holds(shop, connection) {
      const pid = async () => {
        const answer = await connection.run("SELECT pg_backend_pid() AS pid");
        return answer.kind === "ok" ? Number(answer.rows[0]?.pid) : 0;
      };
      const before = await pid();
      await shop.client`SELECT pg_terminate_backend(${before}, 5000)`;
      let after: number;
      // Until the end has come here the answer may be unknown.
      do after = await pid(); while (after === 0);
      assert.notEqual(after, before);
    },
  },
  {
    name: "it ends when what is under way has ended, and runs nothing after",
    async holds(shop, connection) {
      const last = connection.run(NOTE, ["last"]);
      await connection.close();
      assert.equal((await last).kind, "ok");
      const late = await connection.run(NOTE, ["late"]);
      assert.equal(late.kind, "unavailable");
      assert.deepEqual(await noted(shop), ["last"]);
    },
  },
  {
    name: "what waits when the connection fails is not run; what comes then is",
    async holds(shop) {
      await using proxy = new TcpProxy(shop.server.port);
      const url = shop.server.url.replace(
        `:${shop.server.port}`,
        `:${proxy.port}`,
      );
      const access = { url, timers: hostTimers };
      const connection = new PostgresConnection(access, "test");
      assert.equal((await connection.run(NOTE, ["first"])).kind, "ok");
      proxy.weather = { kind: "cut", after: "second" };
      const answers = await Promise.all(
        ["second", "third", "fourth"].map((note) =>
          connection.run(NOTE, [note])
        ),
      );
      assert.deepEqual(
        answers.map(({ kind }) => kind),
        ["unknown", "unavailable", "unavailable"],
      );
      assert.equal((await connection.run(NOTE, ["fifth"])).kind, "ok");
      assert.deepEqual(await noted(shop), ["first", "second", "fifth"]);
      await connection.close();
    },
  },
];

// G104
Deno.test({
  name: "a connection to PostgreSQL",
  ignore,
  async fn(test) {
    await using shop = await PostgresShop.open();
    for (const { name, holds } of claims) {
      await test.step(name, async () => {
        await shop.client.unsafe(`
          DROP TABLE IF EXISTS notes;
          CREATE TABLE notes (note text, at serial)`);
        const access = { url: shop.server.url, timers: hostTimers };
        const connection = new PostgresConnection(access, "test");
        await holds(shop, connection);
        await connection.close();
      });
    }
  },
});

Deno.test("a database is named without its password and settings", () => {
  const url = "postgres://shop:hunter2@db.example:5433/sale?sslmode=require";
  assert.equal(placeOf(url), "postgres://shop@db.example:5433/sale");
  assert.equal(placeOf("postgresql://db/sale"), "postgresql://db/sale");
});
