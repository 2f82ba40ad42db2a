/** The journal over a real PostgreSQL: the contract, and its own troubles. */
import assert from "node:assert/strict";
import type { AppendResult, Log } from "../../../actors/runtime/ports.ts";
import { StoreError } from "../../../cluster/journal/database.ts";
import type { PostgresJournal } from "../../../cluster/journal/postgres_journal.ts";
import { PostgresConnection } from "../../../cluster/journal/postgres_connection.ts";
import { Past, readPages } from "../../../cluster/journal/postgres_events.ts";
import { ReadAhead } from "../../../cluster/journal/read_ahead.ts";
import { hostTimers } from "../../../cluster/worker/host_clock.ts";
import { granted } from "../../permission.ts";
import {
  append,
  counted,
  journalContract,
  take,
  type Taken,
  takeOne,
} from "../journal/journal_contract.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { PostgresShop } from "./postgres_shop.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

/** Deadlines of seconds, here of some tens of milliseconds. */
const hasty = {
  ...hostTimers,
  set: (act: () => void, delayMs: number) => setTimeout(act, delayMs / 40),
};

/** Appends so many events behind those that an owner has. */
function appendNext(
  journal: PostgresJournal,
  { partition, epoch, lastSequence }: Omit<Taken, "events">,
  count = 1,
): Promise<AppendResult> {
  const firstSequence = lastSequence + 1;
  const events = counted(firstSequence, lastSequence + count);
  return append(journal, { partition, epoch, firstSequence, events });
}

/** Resolves when so many statements wait for a lock. */
async function waiting(shop: PostgresShop, statements: number): Promise<void> {
  let found: number;
  do {
    const [row] = await shop.client`
      SELECT count(*)::int FROM pg_stat_activity
      WHERE wait_event_type = 'Lock'`;
    found = row!.count;
  } while (found < statements);
}

/** Two partitions of three events, of which another journal has read all. */
async function readAhead(shop: PostgresShop) {
  const old = shop.journal("old");
  const owners = await take(old, "p[0]", "p[1]");
  for (const owner of owners) {
    for (const lastSequence of [0, 1, 2]) {
      const next = { ...owner, lastSequence };
      assert.equal(await appendNext(old, next), "durable");
    }
  }
  const isRead = Promise.withResolvers<void>();
  const log: Log = {
    write: (_, text) => {
      if (text === "journal read ahead") isRead.resolve();
    },
  };
  const snapshotOriginOf = () => "a test";
  const next = shop.journal("next", { snapshotOriginOf }, log);
  next.readAhead(["p[0]", "p[1]"]);
  await isRead.promise;
  return { journal: { old, next }, old: owners };
}

const claims: readonly {
  name: string;
  holds: (shop: PostgresShop) => Promise<void>;
}[] = [
  // G103
  {
    name: "an append that began before a take-over is in what the new owner " +
      "reads, or is refused",
    async holds(shop) {
      const old = shop.journal("a");
      const before = await takeOne(old, "p[0]");
      // Where the append is to stand, somebody holds the place: it waits in
      // the midst of its statement, with the fence behind it.
      const blocker = await shop.client.reserve();
      await blocker`BEGIN`;
      await blocker`
        INSERT INTO doorbuster.events VALUES ('p[0]', 1, 1, 0, 0, 1, '[]')`;
      const late = appendNext(old, before);
      await waiting(shop, 1);
      let isTaken = false;
      const taking = takeOne(shop.journal("b"), "p[0]").finally(() => {
        isTaken = true;
      });
      await Promise.race([waiting(shop, 2), taking]);
      assert.equal(isTaken, false, "the take-over waits for the append");
      await blocker`ROLLBACK`;
      blocker.release();
      assert.equal(await late, "durable");
      assert.deepEqual((await taking).events, counted(1, 1));
      assert.equal(
        await appendNext(old, { ...before, lastSequence: 1 }),
        "fenced",
      );
    },
  },
  // G116
  {
    name: "what was read ahead is not read again, and what came later is",
    async holds(shop) {
      const { journal, old } = await readAhead(shop);
      for (const owner of old) {
        const late = { ...owner, lastSequence: 3 };
        assert.equal(await appendNext(journal.old, late, 2), "durable");
      }
      await shop.client`DELETE FROM doorbuster.events WHERE first_sequence < 4`;
      const taken = await take(journal.next, "p[0]", "p[1]");
      for (const { epoch, events } of taken) {
        assert.equal(epoch, 2);
        assert.deepEqual(events, counted(1, 5));
      }
      const again = { ...old[0]!, lastSequence: 5 };
      assert.equal(await appendNext(journal.old, again), "fenced");
    },
  },
  {
    name: "what was read ahead is believed as long as its connection lasts",
    async holds(shop) {
      await readAhead(shop);
      const access = { url: shop.server.url, timers: hostTimers };
      const connection = new PostgresConnection(access, "ahead");
      const isRead = Promise.withResolvers<void>();
      const ahead = new ReadAhead(["p[0]"], {
        ...{ connection, place: "a test", snapshotOriginOf: () => "a test" },
        log: { write: () => isRead.resolve() },
      });
      await isRead.promise;
      await ahead.end();
      assert.deepEqual(ahead.of("p[0]")?.events, counted(1, 3));
      await shop.client`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'doorbuster ahead'`;
      // The next one may be a replica's that lacks the end.
      while (connection.number === 1) await connection.run("SELECT 1");
      assert.equal(ahead.of("p[0]"), null);
      await connection.close();
    },
  },
  {
    name: "an append that waits for a take-over is refused",
    async holds(shop) {
      const old = shop.journal("a");
      const before = await takeOne(old, "p[0]");
      const taker = await shop.client.reserve();
      await taker`BEGIN`;
      await taker`UPDATE doorbuster.owners SET epoch = epoch + 1`;
      const late = appendNext(old, before);
      await waiting(shop, 1);
      await taker`COMMIT`;
      taker.release();
      assert.equal(await late, "fenced");
    },
  },
  {
    name: "an owner and its successors never wait in a circle",
    async holds(shop) {
      const lines: string[] = [];
      const log: Log = { write: (_, text) => void lines.push(text) };
      const [a, b] = [shop.journal("a", {}, log), shop.journal("b", {}, log)];
      const names = ["p[0]", "p[1]", "p[2]", "p[3]"];
      // So that the table has them in another order.
      for (const name of names.toReversed()) await takeOne(a, name);
      for (let round = 0; round < 40; round++) {
        const taken = await take(a, ...names);
        const appends = taken.toReversed().map((each) => ({
          ...each,
          firstSequence: each.lastSequence + 1,
          events: counted(each.lastSequence + 1, each.lastSequence + 1),
        }));
        const [result, next] = await Promise.all([
          append(a, ...appends),
          take(b, ...names),
        ]);
        const added = result === "durable" ? 1 : 0;
        for (const [index, each] of next.entries()) {
          const expected = taken[index]!.lastSequence + added;
          assert.equal(each.lastSequence, expected);
        }
      }
      assert.deepEqual(new Set(lines), new Set(["journal recovered"]));
    },
  },
  {
    name:
      "a long past comes whole, in pages, and no further than the take-over",
    async holds(shop) {
      const journal = shop.journal("a");
      let taken: Omit<Taken, "events"> = await takeOne(journal, "p[0]");
      for (const count of [5_000, 1, 4_095, 4_096, 1, 7_000]) {
        assert.equal(await appendNext(journal, taken, count), "durable");
        const lastSequence = taken.lastSequence + count;
        taken = { ...taken, lastSequence };
      }
      await shop.client`
        INSERT INTO doorbuster.events
        VALUES ('p[0]', 20194, 1, 9, 0, 1, '[{"kind":"later"}]')`;
      const again = await takeOne(shop.journal("b"), "p[0]");
      assert.deepEqual(again.events, counted(1, 20_193));
    },
  },
  {
    name: "a page of many partitions is no larger than one of a few, and all " +
      "come whole",
    async holds(shop) {
      const access = { url: shop.server.url, timers: hostTimers };
      const connection = new PostgresConnection(access, "pages");
      // What is small takes part in the first pages only.
      for (const [partitions, most] of [[400, 60], [5_000, 3]] as const) {
        await shop.client`TRUNCATE doorbuster.events`;
        await shop.client`
          INSERT INTO doorbuster.events
          SELECT 'p[' || p || ']', n, 1, 0, 0, 1, '[' || n || ']'
          FROM generate_series(1, ${partitions}::int) AS p,
            generate_series(1, 1 + p % ${most}::int) AS n`;
        const read = new Map<string, unknown[]>();
        const pasts = Array.from({ length: partitions }, (_, index) => {
          const partition = `p[${index + 1}]`;
          const events: unknown[] = [];
          read.set(partition, events);
          const range = { partition, after: 0, to: Infinity, epoch: 0 };
          return new Past("a test", range, (event) => void events.push(event));
        });
        const pages: number[] = [];
        const trouble = await readPages({
          async run(statement, values) {
            const page = await connection.run(statement, values);
            if (page.kind === "ok") pages.push(page.rows.length);
            return page;
          },
        }, pasts);
        assert.equal(trouble, null);
        for (let p = 1; p <= partitions; p++) {
          const expected = Array.from(
            { length: 1 + p % most },
            (_, n) => 1 + n,
          );
          assert.deepEqual(read.get(`p[${p}]`), expected);
        }
        assert(Math.max(...pages) <= Math.max(4_096, partitions), `${pages}`);
      }
      await connection.close();
    },
  },
  {
    name: "the rows of a page come partition by partition, each in order, " +
      "however they are asked for",
    async holds(shop) {
      await shop.client`
        INSERT INTO doorbuster.events
        SELECT 'p[' || p || ']', n, 1, 0, 0, 1, '[' || n || ']'
        FROM generate_series(9, 1, -1) AS p, generate_series(3, 1, -1) AS n`;
      const access = { url: shop.server.url, timers: hostTimers };
      const connection = new PostgresConnection(access, "order");
      const found: string[] = [];
      const pasts = ["p[5]", "p[9]", "p[1]"].map((partition) =>
        new Past(
          "a test",
          { partition, after: 0, to: 3, epoch: 0 },
          (event) => found.push(`${partition} ${event}`),
        )
      );
      assert.equal(await readPages(connection, pasts), null);
      const names = ["p[1]", "p[5]", "p[9]"];
      const inOrder = names.flatMap((name) =>
        [1, 2, 3].map((n) => `${name} ${n}`)
      );
      assert.deepEqual(found, inOrder);
      await connection.close();
    },
  },
  // G104
  {
    name:
      "a cut in the midst of an append is unknown, and whoever takes over " +
      "finds out",
    async holds(shop) {
      await using proxy = new TcpProxy(shop.server.port);
      const url = shop.server.url.replace(
        `${shop.server.port}`,
        `${proxy.port}`,
      );
      const journal = shop.journal("a", { url });
      const taken = await takeOne(journal, "p[0]");
      assert.equal(await appendNext(journal, taken), "durable");
      proxy.weather = { kind: "cut", after: "counted" };
      const next = { ...taken, lastSequence: 1 };
      assert.equal(await appendNext(journal, next), "unknown");
      assert.equal(await appendNext(journal, next), "fenced", "not twice");
      const again = await takeOne(journal, "p[0]");
      assert.deepEqual(again.events, counted(1, 2));
      assert.equal(await appendNext(journal, again), "durable");
    },
  },
  {
    name: "an append without an answer in time is unknown, those behind it " +
      "were not sent, and a recovery is null",
    async holds(shop) {
      await using proxy = new TcpProxy(shop.server.port);
      const url = shop.server.url.replace(
        `${shop.server.port}`,
        `${proxy.port}`,
      );
      const journal = shop.journal("a", { url, timers: hasty });
      const taken = await takeOne(journal, "p[0]");
      assert.equal(await appendNext(journal, taken), "durable");
      proxy.weather = { kind: "frozen" };
      const results = await Promise.all([
        appendNext(journal, { ...taken, lastSequence: 1 }),
        appendNext(journal, { ...taken, lastSequence: 2 }),
      ]);
      assert.deepEqual(results, ["unknown", "unavailable"]);
      const recovered = await new Promise((resolve) =>
        journal.recover(["p[0]"], () => assert.fail("read"), resolve)
      );
      assert.equal(recovered, null);
    },
  },
  {
    name:
      "what the server refuses for want of room is unavailable and can be " +
      "tried again",
    async holds(shop) {
      const journal = shop.journal("a");
      const taken = await takeOne(journal, "p[0]");
      await shop.client.unsafe(`
        CREATE FUNCTION doorbuster.full() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE 'no room' USING ERRCODE = 'disk_full'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON doorbuster.events
        EXECUTE FUNCTION doorbuster.full()`);
      assert.equal(await appendNext(journal, taken), "unavailable");
      assert.equal(await appendNext(journal, taken), "unavailable");
      await shop.client`DROP FUNCTION doorbuster.full CASCADE`;
      assert.equal(await appendNext(journal, taken), "durable");
      const again = await takeOne(shop.journal("b"), "p[0]");
      assert.deepEqual(again.events, counted(1, 1));
    },
  },
  {
    name: "answered means durable, whatever the role is set to",
    async holds(shop) {
      await shop.client`ALTER ROLE tester SET synchronous_commit = off`;
      try {
        await takeOne(shop.journal("a"), "p[0]");
        await shop.client.unsafe(`
          CREATE FUNCTION doorbuster.seen() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE '%', current_setting('synchronous_commit')
            USING ERRCODE = 'disk_full'; END $$;
          CREATE TRIGGER seen BEFORE INSERT ON doorbuster.events
          EXECUTE FUNCTION doorbuster.seen()`);
        const causes: unknown[] = [];
        const journal = shop.journal("b", {}, {
          write: (_level, _text, { cause }) => void causes.push(cause),
        });
        await appendNext(journal, await takeOne(journal, "p[0]"));
        assert.match(String(causes.at(-1)), /: on$/);
      } finally {
        await shop.client`DROP FUNCTION IF EXISTS doorbuster.seen CASCADE`;
        await shop.client`ALTER ROLE tester RESET synchronous_commit`;
      }
    },
  },
  {
    name: "a recovery says what it read and how long it took",
    async holds(shop) {
      const lines: Readonly<Record<string, unknown>>[] = [];
      const journal = shop.journal("a", {}, {
        write: (_level, _text, fields) => void lines.push(fields),
      });
      assert.equal(journal.lastRecovery, null);
      await appendNext(journal, await takeOne(journal, "p[0]"), 5);
      await take(journal, "p[0]", "q[0]");
      const report = journal.lastRecovery!;
      const { events, rows, partitions, snapshots } = report;
      assert.deepEqual([events, rows, partitions, snapshots], [5, 1, 2, 0]);
      assert(report.durationMs >= report.takeOverMs);
      assert.deepEqual(lines.at(-1), { domain: "a", ...report });
    },
  },
  {
    name: "a fold that throws is told, and the journal stays usable",
    async holds(shop) {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      const journal = shop.journal("a", { broken: resolve });
      await appendNext(journal, await takeOne(journal, "p[0]"));
      const cause = new TypeError("broken fold");
      journal.recover(["p[0]"], () => ({
        snapshot: () => {},
        event() {
          throw cause;
        },
      }), () => assert.fail("it is not done"));
      assert.equal(await promise, cause);
      assert.equal((await takeOne(journal, "p[0]")).lastSequence, 1);
    },
  },
  ...([
    ["a row that is gone", "DELETE FROM events WHERE first_sequence = 2"],
    ["the last row gone", "DELETE FROM events WHERE first_sequence = 3"],
    [
      "an epoch that falls",
      "UPDATE events SET epoch = 0 WHERE first_sequence = 3",
    ],
    [
      "a row that is not JSON",
      "UPDATE events SET events = '[' WHERE first_sequence = 2",
    ],
    [
      "a row with fewer events than it says",
      "UPDATE events SET events = '[]' WHERE first_sequence = 2",
    ],
    [
      "a row with more than the owner wrote",
      "UPDATE events SET event_count = 2, events = '[1, 2]' WHERE first_sequence = 3",
    ],
    [
      "a row of a later release",
      "UPDATE events SET version = 3 WHERE first_sequence = 2",
    ],
  ] as const).map(([what, sql]) => ({
    name: `recovery refuses ${what} and names the partition`,
    async holds(shop: PostgresShop) {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      const journal = shop.journal("a", { broken: resolve });
      const taken = await takeOne(journal, "p[0]");
      for (const lastSequence of [0, 1, 2]) {
        await appendNext(journal, { ...taken, lastSequence });
      }
      await shop.client.unsafe(sql.replace("events", "doorbuster.events"));
      journal.recover(["p[0]"], () => ({
        snapshot: () => {},
        event: () => {},
      }), () => assert.fail("it is not done"));
      const error = await promise;
      assert(error instanceof StoreError, String(error));
      assert.match(error.path, /^postgres:.* p\[0\]$/);
      assert.doesNotMatch(error.message, /\n/);
    },
  })),
  {
    name: "with the server down appends are unavailable and a recovery is " +
      "null; when it is back the owner goes on",
    async holds(shop) {
      const journal = shop.journal("a");
      const taken = await takeOne(journal, "p[0]");
      assert.equal(await appendNext(journal, taken), "durable");
      await shop.server.kill();
      const next = { ...taken, lastSequence: 1 };
      let result: AppendResult;
      do result = await appendNext(journal, next); while (result === "unknown");
      assert.equal(result, "unavailable");
      const recovered = await new Promise((resolve) =>
        shop.journal("b").recover(["p[0]"], () => assert.fail("read"), resolve)
      );
      assert.equal(recovered, null);
      await shop.server.startAgain();
      assert.equal(await appendNext(journal, next), "durable");
      const again = await takeOne(shop.journal("b"), "p[0]");
      assert.deepEqual(again.events, counted(1, 2));
    },
  },
];

Deno.test({
  name: "a journal over PostgreSQL",
  ignore,
  async fn(test) {
    await using shop = await PostgresShop.open();
    for (const { name, holds } of [...journalContract, ...claims]) {
      await test.step(name, async () => {
        await shop.empty();
        await holds(shop);
      });
    }
  },
});
