/** Snapshots in a real PostgreSQL: kept whole, used where they fit. */
import assert from "node:assert/strict";
import { serialize } from "node:v8";
import type { Behavior, JournalEvent } from "../../../actors/runtime/actor.ts";
import type { Log } from "../../../actors/runtime/ports.ts";
import { PostgresSnapshots } from "../../../cluster/journal/postgres_snapshots.ts";
import { snapshotOrigin } from "../../../cluster/journal/snapshot_file.ts";
import type { SnapshotAnswer } from "../../../cluster/journal/snapshot_writer.ts";
import { writeSnapshots } from "../../../cluster/journal/snapshots.ts";
import { hostTimers } from "../../../cluster/worker/host_clock.ts";
import { granted } from "../../permission.ts";
import { append, counted, takeOne } from "../journal/journal_contract.ts";
import { silent } from "../journal/shop_folder.ts";
import { PostgresShop } from "./postgres_shop.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

interface Counted extends JournalEvent {
  readonly number: number;
}

const counter: Behavior<{ seen: Set<number> }, never, null, Counted> = {
  name: "counter",
  start: () => ({ seen: new Set() }),
  receive: () => {},
  apply: ({ seen }, { number }) => void seen.add(number),
};

const ORIGIN = snapshotOrigin("1", "counter", null);

/** Adds notes, so many in a commit. */
async function add(shop: PostgresShop, count: number): Promise<void> {
  const journal = shop.journal("a");
  const { partition, epoch, lastSequence } = await takeOne(journal, "p[0]");
  const firstSequence = lastSequence + 1;
  const events = counted(firstSequence, lastSequence + count);
  const one = { partition, epoch, firstSequence, events };
  assert.equal(await append(journal, one), "durable");
}

async function keep(shop: PostgresShop) {
  const access = { url: shop.server.url, timers: hostTimers };
  const keeper = new PostgresSnapshots(access, silent);
  try {
    const partitions = [{ partition: "p[0]", args: null }];
    const request = { release: "1", partitions };
    return await writeSnapshots(request, () => counter, keeper);
  } finally {
    await keeper.close();
  }
}

/** What a new owner gets. */
async function recover(
  shop: PostgresShop,
  origin = ORIGIN,
  log: Log = silent,
) {
  const journal = shop.journal("b", { snapshotOriginOf: () => origin }, log);
  const state = counter.start(null);
  let snapshotSequence = 0;
  await new Promise((resolve) =>
    journal.recover(["p[0]"], () => ({
      snapshot(found, sequence) {
        Object.assign(state, found);
        snapshotSequence = sequence;
      },
      event: (event) => counter.apply!(state, event as Counted),
    }), resolve)
  );
  const { events, snapshots } = journal.lastRecovery!;
  return { seen: [...state.seen], snapshotSequence, events, snapshots };
}

const numbers = (last: number) =>
  Array.from({ length: last }, (_, index) => index + 1);

const claims: readonly {
  name: string;
  holds: (shop: PostgresShop) => Promise<void>;
}[] = [
  {
    name: "a recovery starts from the snapshot and folds only what came after",
    async holds(shop) {
      await add(shop, 6_000);
      const report = await keep(shop);
      assert.deepEqual([report.written, report.events], [1, 6_000]);
      await add(shop, 5);
      assert.deepEqual(await recover(shop), {
        seen: numbers(6_005),
        snapshotSequence: 6_000,
        events: 5,
        snapshots: 1,
      });
      assert.equal((await keep(shop)).events, 5);
      assert.equal((await keep(shop)).written, 0);
      assert.equal((await recover(shop)).events, 0);
    },
  },
  {
    name: "a snapshot of another origin is not used",
    async holds(shop) {
      await add(shop, 3);
      await keep(shop);
      const other = snapshotOrigin("2", "counter", null);
      assert.equal((await recover(shop, other)).events, 3);
      assert.equal((await recover(shop)).events, 0);
    },
  },
  {
    name: "a damaged snapshot is ignored, with a warning",
    async holds(shop) {
      await add(shop, 3);
      await keep(shop);
      await shop.client`UPDATE doorbuster.snapshots SET state = '\\x00'`;
      const warnings: string[] = [];
      const { seen, snapshots } = await recover(shop, ORIGIN, {
        write: (level, text) => void (level === "warn" && warnings.push(text)),
      });
      assert.deepEqual([seen, snapshots], [numbers(3), 0]);
      assert.deepEqual(warnings, ["snapshot ignored"]);
    },
  },
  {
    name: "a large state comes back whole, also when several wrote it at once",
    async holds(shop) {
      const access = { url: shop.server.url, timers: hostTimers };
      const keepers = numbers(3).map(() =>
        new PostgresSnapshots(access, silent)
      );
      const states = [5, 9, 1].map((mebibytes, index) =>
        new Uint8Array(mebibytes * 1024 * 1024).fill(index + 1)
      );
      await Promise.all(keepers.map((keeper, index) =>
        keeper.write(
          { partition: "p[0]", epoch: 1, sequence: index, positions: {} },
          ORIGIN,
          serialize(states[index]),
        )
      ));
      const found = await keepers[0]!.read("p[0]", ORIGIN);
      const state = found?.state as Uint8Array;
      assert.equal(state.length, states[found!.sequence]!.length);
      assert.ok(state.every((byte) => byte === found!.sequence + 1));
      await Promise.all(keepers.map((keeper) => keeper.close()));
    },
  },
  {
    name: "the snapshot thread folds from a database",
    async holds(shop) {
      const journal = shop.journal("a");
      const { epoch } = await takeOne(journal, "inventory[0]");
      const opened = { kind: "stock_opened", sku: "A1", units: 5, atMs: 1 };
      const one = { partition: "inventory[0]", epoch, firstSequence: 1 };
      await append(journal, { ...one, events: [opened] });
      const storage = { kind: "postgres", url: shop.server.url } as const;
      const entry = "../../../cluster/journal/snapshot_writer.ts";
      const thread = new Worker(new URL(entry, import.meta.url), {
        type: "module",
      });
      const answer = await new Promise<SnapshotAnswer>((resolve) => {
        thread.onmessage = ({ data }) => resolve(data);
        const args = { limitPerUser: null, cacheNodes: [], publishEveryMs: 9 };
        const partitions = [{ partition: "inventory[0]", args }];
        thread.postMessage({ storage, release: "1", partitions });
      });
      thread.terminate();
      assert.deepEqual(answer, {
        kind: "snapshots_written",
        report: { written: 1, unprofitable: 0, events: 1, refused: [] },
      });
    },
  },
];

// G106
Deno.test({
  name: "snapshots over PostgreSQL",
  ignore,
  async fn(test) {
    await using shop = await PostgresShop.open();
    for (const { name, holds } of claims) {
      await test.step(name, async () => {
        await shop.empty();
        await holds(shop);
      });
    }
  },
});
