/** Archives of a store in a real PostgreSQL. */
import assert from "node:assert/strict";
import { serialize } from "node:v8";
import { StoreError } from "../../../cluster/journal/database.ts";
import { archivePostgres } from "../../../cluster/journal/postgres_archive.ts";
import { postgresRows } from "../../../cluster/journal/postgres_history.ts";
import { PostgresSnapshots } from "../../../cluster/journal/postgres_snapshots.ts";
import { hostTimers } from "../../../cluster/worker/host_clock.ts";
import { granted } from "../../permission.ts";
import {
  archiveContract,
  type ArchiveStand,
  archiveSums,
  CUT_MS,
  PARTITIONS,
  sumsIn,
  writePast,
} from "../journal/archive_contract.ts";
import { append, counted, takeOne } from "../journal/journal_contract.ts";
import { silent } from "../journal/shop_folder.ts";
import { PostgresShop, storeOptions } from "./postgres_shop.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

/** A past of two owners, aged by hand. */
async function standOf(shop: PostgresShop): Promise<ArchiveStand> {
  await shop.empty();
  await writePast([shop.journal("worker-0"), shop.journal("worker-1")]);
  await shop.release();
  await shop.client`
    UPDATE doorbuster.events SET written_at_ms =
      ${CUT_MS}::bigint - (first_sequence < 10)::int`;
  const { url } = shop.server;
  return {
    rows: postgresRows(url).rows,
    into: ["doorbuster.archived"],
    journal: (domain) => shop.journal(domain),
    async archive(partitions, beforeMs) {
      await disconnected(shop);
      return archivePostgres({
        url,
        shape: storeOptions,
        partitions,
        beforeMs,
        progress: () => {},
      });
    },
    contents: async () => [
      ...await shop.client`
        SELECT * FROM doorbuster.events ORDER BY partition, first_sequence`,
      ...await shop.client`SELECT * FROM doorbuster.archived`,
      ...await shop.client`SELECT * FROM doorbuster.owners ORDER BY partition`,
    ],
  };
}

/**
 * Cuts everybody off, and resolves when nobody is connected. The journals are
 * not told, as in a process that has lost the network.
 */
async function disconnected(shop: PostgresShop): Promise<void> {
  let left: number;
  do {
    const found = await shop.client`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name LIKE 'doorbuster %'`;
    left = found.count;
  } while (left > 0);
}

/** How an archive is refused. */
async function refusal(archiving: Promise<unknown>): Promise<StoreError> {
  try {
    await archiving;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  assert.fail("It was archived");
}

function archiveAt(url: string) {
  return archivePostgres({
    url,
    shape: storeOptions,
    partitions: [],
    beforeMs: CUT_MS,
    progress: () => {},
  });
}

const claims: readonly {
  readonly name: string;
  readonly holds: (stand: ArchiveStand, shop: PostgresShop) => Promise<void>;
}[] = [
  {
    name: "while a process is connected nothing is archived, and it goes on",
    async holds(stand, shop) {
      const [partition] = PARTITIONS;
      const journal = shop.journal("worker-7");
      const { epoch } = await takeOne(journal, partition);
      const { fault, message } = await refusal(archiveAt(shop.server.url));
      assert.equal(fault, "in-use");
      assert.match(
        message,
        /must be stopped, found "doorbuster worker-7" from/,
      );
      const one = { partition, epoch, firstSequence: 13 };
      const events = counted(13, 13);
      assert.equal(await append(journal, { ...one, events }), "durable");
      assert.deepEqual((await archiveSums(stand)).into, stand.into);
    },
  },
  {
    name: "a process that was cut off meanwhile is fenced; what it had " +
      "appended before stays",
    async holds(stand, shop) {
      const [partition] = PARTITIONS;
      const journal = shop.journal("worker-7");
      const { epoch } = await takeOne(journal, partition);
      const one = { partition, epoch, firstSequence: 13 };
      const events = counted(13, 13);
      assert.equal(await append(journal, { ...one, events }), "durable");
      assert.deepEqual((await archiveSums(stand)).into, stand.into);
      const late = { ...one, firstSequence: 14, events: counted(14, 14) };
      assert.equal(await append(journal, late), "fenced");
      const { sums } = await sumsIn(stand);
      assert.deepEqual(sums.map(({ count }) => count), [13, 12]);
    },
  },
  {
    name: "a snapshot of before is not what a new owner begins with",
    async holds(stand, shop) {
      const [partition] = PARTITIONS;
      const snapshots = new PostgresSnapshots(
        { url: shop.server.url, timers: hostTimers },
        silent,
      );
      const of = { partition, epoch: 1, sequence: 3, positions: {} };
      await snapshots.write(of, "origin", serialize({ stale: true }));
      assert(await snapshots.read(partition, "origin") !== null);
      await snapshots.close();
      await archiveSums(stand);
      const journal = shop.journal("worker-7", {
        snapshotOriginOf: () => "origin",
      });
      // The contract's owner takes no snapshot.
      const { events } = await takeOne(journal, partition);
      assert.equal(events.length, 4);
    },
  },
  {
    name: "a release that cannot read what is carried on is shut out",
    async holds(stand, shop) {
      const oldest = async () => {
        const [row] = await shop.client`
          SELECT oldest FROM doorbuster.versions ORDER BY version DESC LIMIT 1`;
        return row!.oldest;
      };
      await archiveSums(stand, 0);
      const before = await oldest();
      await archiveSums(stand);
      assert.equal(await oldest(), 2);
      // An archive of an earlier claim has shut it out for good.
      assert(before <= 2);
    },
  },
  {
    name: "where there is no store none is made",
    async holds(_, shop) {
      await shop.client`CREATE DATABASE bare`;
      const url = shop.server.url.replace(/[^/]+$/, "bare");
      const { fault, message } = await refusal(archiveAt(url));
      assert.equal(fault, "missing");
      assert.match(message, /bare": expected a store, found none/);
      assert.equal((await refusal(archiveAt(url))).fault, "missing");
    },
  },
];

// G92
Deno.test({
  name: "G92 an archive of a store in PostgreSQL",
  ignore,
  async fn(test) {
    await using shop = await PostgresShop.open();
    for (const { name, holds } of [...archiveContract, ...claims]) {
      await test.step(name, async () => await holds(await standOf(shop), shop));
    }
  },
});
