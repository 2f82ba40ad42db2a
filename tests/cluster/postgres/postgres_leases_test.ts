/** Locks over a real PostgreSQL: the contract of locks, and its own troubles. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { PostgresLeases } from "../../../cluster/journal/postgres_leases.ts";
import { openLock } from "../../../cluster/worker/host_lock.ts";
import { granted } from "../../permission.ts";
import { checkLock, held, loss } from "../lock/lock_contract.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { PostgresServer } from "./postgres_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");
const LONG_MS = 20_000;
const SHORT_MS = 150;

function connect(port: number) {
  return postgres({
    host: "127.0.0.1",
    port,
    user: "tester",
    database: "postgres",
    max: 4,
    onnotice: () => {},
    backoff: () => 0.01,
  });
}

/** A process whose connections to PostgreSQL go through a proxy. */
async function behindProxy(port: number) {
  const proxy = new TcpProxy(port);
  const client = connect(proxy.port);
  const lock = openLock(
    new PostgresLeases(client, { answerWithinMs: 5 * SHORT_MS }),
  );
  // Connected, with the statement known: then each command is one request.
  await (await held(lock, "warm-up")).release();
  return {
    proxy,
    lock,
    async [Symbol.asyncDispose]() {
      proxy.weather = { kind: "fair" };
      await lock[Symbol.asyncDispose]();
      await client.end({ timeout: 1 });
      await proxy[Symbol.asyncDispose]();
    },
  };
}

Deno.test({
  name: "locks over PostgreSQL",
  ignore,
  async fn(test) {
    await using server = await PostgresServer.start();
    const client = connect(server.port);
    const leases = new PostgresLeases(client, { retryEveryMs: 60_000 });
    await leases.create();
    await leases.create();
    await test.step(
      "G80 a lock over PostgreSQL keeps the contract",
      (step) => checkLock(step, { open: () => leases }),
    );
    await test.step(
      "of two inserts with one unique name one succeeds",
      async () => {
        const insert = () =>
          client`INSERT INTO doorbuster_lock VALUES ('once', 'me', 1, now())`;
        const ends = await Promise.allSettled([insert(), insert()]);
        const kinds = ends.map(({ status }) => status).sort();
        assert.deepEqual(kinds, ["fulfilled", "rejected"]);
      },
    );
    await test.step(
      "a row that lost its token, as in an old backup, gives a larger one",
      async () => {
        await using lock = openLock(leases);
        const before = await held(lock, "restored");
        await before.release();
        await client`DELETE FROM doorbuster_lock WHERE name = 'restored'`;
        const after = await held(lock, "restored");
        assert.ok(after.fence > before.fence);
      },
    );
    await test.step(
      "G82 a lock that was taken while the connection was lost is found by " +
        "asking again",
      async () => {
        await using proxy = new TcpProxy(server.port);
        const behind = connect(proxy.port);
        const lock = openLock(new PostgresLeases(behind));
        try {
          await (await held(lock, "cut")).release();
          proxy.weather = { kind: "cut", after: "INSERT" };
          const tried = await lock.acquire("cut", { ttlMs: LONG_MS });
          assert.equal(tried.kind, "unknown");
          await lock[Symbol.asyncDispose]();
          proxy.weather = { kind: "cut", after: "INSERT" };
          const lease = await held(lock, "cut-too", LONG_MS, LONG_MS);
          const [row] = await client`
            SELECT owner FROM doorbuster_lock WHERE name = 'cut-too'`;
          assert.equal(row?.owner, lease.owner);
        } finally {
          await lock[Symbol.asyncDispose]();
          await behind.end({ timeout: 1 });
        }
      },
    );
    await test.step("with PostgreSQL down nothing is held", async () => {
      await using lock = openLock(leases);
      await server.kill();
      let kind: string;
      do kind = (await lock.acquire("down", { ttlMs: LONG_MS })).kind; while (
        kind === "unknown"
      );
      assert.equal(kind, "failed");
    });
    await client.end({ timeout: 1 });
  },
});

Deno.test({
  name: "locks over PostgreSQL when connections are frozen or slow",
  ignore,
  async fn(test) {
    await using server = await PostgresServer.start();
    const client = connect(server.port);
    const leases = new PostgresLeases(client);
    await leases.create();
    await test.step(
      "G82 whoever hears nothing of PostgreSQL knows by his own clock that his " +
        "lease is over, before anybody else can have it",
      async () => {
        await using far = await behindProxy(server.port);
        await using near = openLock(leases);
        const lease = await held(far.lock, "frozen", SHORT_MS);
        far.proxy.weather = { kind: "frozen" };
        let wasOver = false;
        const over = loss(lease).then(() => wasOver = true);
        const next = await held(near, "frozen", LONG_MS, LONG_MS);
        assert.ok(wasOver);
        await over;
        assert.ok(next.fence > lease.fence);
        const tried = await far.lock.acquire("other", { ttlMs: LONG_MS });
        assert.equal(tried.kind, "unknown");
        far.proxy.weather = { kind: "fair" };
        const lost = { kind: "rejected", code: "lost" };
        assert.deepEqual(await lease.extend(), lost);
        assert.ok(next.leftMs > 0);
      },
    );
    await test.step(
      "an answer of PostgreSQL that took as long as the lease gives no lock, " +
        "and one in between gives a lease that lasts as much less",
      async () => {
        await using far = await behindProxy(server.port);
        far.proxy.weather = { kind: "slow", byMs: SHORT_MS };
        const late = await far.lock.acquire("slow", { ttlMs: SHORT_MS });
        assert.equal(late.kind, "unknown");
        const lease = await held(far.lock, "slow-too", 10 * SHORT_MS);
        assert.ok(lease.leftMs <= 9 * SHORT_MS);
      },
    );
    await client.end({ timeout: 1 });
  },
});

Deno.test("a table whose name needs quotes is refused", () => {
  const client = {
    unsafe: () => Promise.reject(),
    listen: () => Promise.reject(),
  };
  for (const table of ["a; DROP TABLE b", "A", "", "x".repeat(64)]) {
    assert.throws(() => new PostgresLeases(client, { table }), /needs quotes/);
  }
});
