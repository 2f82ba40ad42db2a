/** What is archived of journals, what stays, and what a crash leaves. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type {
  AnyBehavior,
  JournalEvent,
} from "../../../actors/runtime/actor.ts";
import { archive } from "../../../cluster/journal/archive.ts";
import { openDataFolder } from "../../../cluster/journal/data_folder.ts";
import { decideSwap } from "../../../cluster/journal/file_swap.ts";
import { folderRows, readHistory } from "../../../cluster/journal/history.ts";
import { journalPaths } from "../../../cluster/journal/journal_file.ts";
import { granted } from "../../permission.ts";
import { append, counted, take, takeOne } from "./journal_contract.ts";
import { folderOptions, TemporaryShop } from "./shop_folder.ts";

const ignore = !granted("read", "write");

const PARTITIONS = ["inventory[0]", "inventory[1]"] as const;
const NOW_MS = Date.UTC(2026, 10, 11);
const CUT_MS = NOW_MS - 1_000;

interface Sum {
  readonly sum: { count: number; total: number };
}

/** Adds numbers up; the past of a sum is the sum. */
function apply({ sum }: Sum, event: JournalEvent): void {
  if (event.kind === "carried") {
    const { count, total } = (event as JournalEvent & Sum).sum;
    sum.count += count;
    sum.total += total;
  } else {
    sum.count++;
    sum.total += (event as JournalEvent & { number: number }).number;
  }
}

const behavior: AnyBehavior = {
  name: "sum",
  start: startSum,
  receive: () => {},
  apply,
};

function startSum(): Sum {
  return { sum: { count: 0, total: 0 } };
}

const past = {
  start: startSum,
  // A part of the state itself, which goes on when the state does.
  carry: (state: unknown) => [{ kind: "carried", ...(state as Sum) }],
};

/**
 * Two partitions that went to and fro between two files, twelve events each:
 * the first nine are old.
 */
async function movedStore(): Promise<TemporaryShop> {
  const shop = await TemporaryShop.open();
  const journals = [shop.journal("worker-0"), shop.journal("worker-1")];
  for (let round = 0; round < 4; round++) {
    for (const [index, partition] of PARTITIONS.entries()) {
      const journal = journals[(round + index) % 2]!;
      const { epoch, lastSequence } = await takeOne(journal, partition);
      const firstSequence = lastSequence + 1;
      const events = counted(firstSequence, firstSequence + 2);
      await append(journal, { partition, epoch, firstSequence, events });
    }
  }
  shop.release();
  for (const path of journalPaths(shop.path)) {
    const database = new DatabaseSync(path);
    database.exec(`UPDATE events SET written_at_ms =
      iif(first_sequence < 10, ${CUT_MS - 1}, ${CUT_MS})`);
    database.close();
  }
  return shop;
}

function archiveIn(folder: string, beforeMs = CUT_MS) {
  return archive({
    folder,
    partitions: PARTITIONS.map((partition) => ({
      partition,
      args: null,
      behavior,
      past,
    })),
    beforeMs,
    nowMs: NOW_MS,
    progress: () => {},
  });
}

async function sumsIn(shop: TemporaryShop, domain: string) {
  const journal = shop.journal(domain);
  const taken = await take(journal, ...PARTITIONS);
  const sums = taken.map(({ events, lastSequence, epoch }) => {
    const state = startSum();
    for (const event of events) apply(state, event);
    return { ...state.sum, folded: events.length, lastSequence, epoch };
  });
  return { journal, sums };
}

Deno.test({
  name: "G92 what is archived is folded to the same state from fewer events, " +
    "under the same sequence numbers, in whichever files it was",
  ignore,
  async fn() {
    using shop = await movedStore();
    const report = archiveIn(shop.path);
    assert.deepEqual(report, {
      file: "archive-20261111T000000000Z.sqlite",
      partitions: 2,
      eventsBefore: 24,
      eventsAfter: 8,
    });
    const { journal, sums } = await sumsIn(shop, "worker-2");
    // One event stands for nine; four lives went before this one.
    const whole = { count: 12, total: 78, folded: 4, lastSequence: 12 };
    assert.deepEqual(sums, [{ ...whole, epoch: 5 }, { ...whole, epoch: 5 }]);
    const [partition] = PARTITIONS;
    const events = counted(13, 15);
    assert.equal(
      await append(journal, { partition, epoch: 5, firstSequence: 13, events }),
      "durable",
    );
  },
});

Deno.test({
  name: "G92 nothing is gone: an archived event is in the history as before",
  ignore,
  async fn() {
    using shop = await movedStore();
    const eventsOf = async () =>
      (await readHistory(folderRows(shop.path), "counted"))
        .map(({ partition, epoch, sequence, event }) =>
          `${partition} ${epoch}:${sequence} ${JSON.stringify(event)}`
        ).sort();
    const before = await eventsOf();
    assert.equal(before.length, 24);
    archiveIn(shop.path);
    assert.deepEqual(await eventsOf(), before);
  },
});

Deno.test({
  name: "G92 an archive can be made of what an earlier one has left",
  ignore,
  async fn() {
    using shop = await movedStore();
    archiveIn(shop.path, CUT_MS - 1);
    archiveIn(shop.path);
    const again = archiveIn(shop.path, CUT_MS + 1);
    assert.deepEqual([again.eventsBefore, again.eventsAfter], [8, 2]);
    // Of one event that stands for all the others nothing can be gained.
    assert.equal(archiveIn(shop.path, CUT_MS + 1).file, null);
    // What stood for archived events goes with the next archive for good.
    const carried = await readHistory(folderRows(shop.path), "carried");
    assert.equal(carried.length, 2);
    const { sums } = await sumsIn(shop, "worker-2");
    assert.deepEqual(
      sums.map(({ count, total, folded }) => [count, total, folded]),
      [[12, 78, 1], [12, 78, 1]],
    );
  },
});

Deno.test({
  name: "a past that is not carried on as it was is not archived",
  ignore,
  async fn() {
    using shop = await movedStore();
    const bytes = () =>
      journalPaths(shop.path).map((path) => Deno.readFileSync(path).toHex());
    const before = bytes();
    const forgetful = {
      start: startSum,
      carry(state: unknown) {
        const { count, total } = (state as Sum).sum;
        return [{ kind: "carried", sum: { count, total: total - 1 } }];
      },
    };
    assert.throws(() =>
      archive({
        folder: shop.path,
        partitions: [{
          partition: PARTITIONS[0],
          args: null,
          behavior,
          past: forgetful,
        }],
        beforeMs: CUT_MS,
        nowMs: NOW_MS,
        progress: () => {},
      }), /inventory\[0\] as what is carried on is another state/);
    assert.deepEqual(bytes(), before);
  },
});

/** A folder of new files beside a journal and a file of its log. */
function begun(folder: string): void {
  Deno.mkdirSync(`${folder}/replacing`);
  for (const name of ["journal-a.sqlite", "journal-b.sqlite"]) {
    Deno.writeTextFileSync(`${folder}/replacing/${name}`, `new ${name}`);
    Deno.writeTextFileSync(`${folder}/${name}`, `old ${name}`);
    Deno.writeTextFileSync(`${folder}/${name}-wal`, "old log");
  }
  Deno.writeTextFileSync(`${folder}/snapshots.sqlite`, "of old rows");
}

function texts(folder: string): Record<string, string> {
  const files = [...Deno.readDirSync(folder)].filter(({ name }) =>
    /^(journal|snapshots|repl)/.test(name)
  ).sort((a, b) => a.name < b.name ? -1 : 1);
  return Object.fromEntries(files.map(({ name, isFile }) => [
    name,
    isFile ? Deno.readTextFileSync(`${folder}/${name}`) : "a folder",
  ]));
}

Deno.test({
  name: "G92 an archive that was cut short is taken back at the next start, " +
    "or gone through with once it is decided, at whatever file it stopped",
  ignore,
  async fn() {
    const left = async (cutShort: (folder: string) => void) => {
      using shop = await TemporaryShop.open();
      shop.release();
      begun(shop.path);
      cutShort(shop.path);
      // Its files are no journals, which is said when all is in place.
      await assert.rejects(openDataFolder(shop.path, folderOptions), /journal/);
      return texts(shop.path);
    };
    assert.deepEqual(await left(() => {}), {
      "journal-a.sqlite": "old journal-a.sqlite",
      "journal-a.sqlite-wal": "old log",
      "journal-b.sqlite": "old journal-b.sqlite",
      "journal-b.sqlite-wal": "old log",
      "snapshots.sqlite": "of old rows",
    });
    const done = {
      "journal-a.sqlite": "new journal-a.sqlite",
      "journal-b.sqlite": "new journal-b.sqlite",
    };
    assert.deepEqual(await left(decideSwap), done);
    const halfDone = await left((folder) => {
      decideSwap(folder);
      Deno.removeSync(`${folder}/snapshots.sqlite`);
      Deno.removeSync(`${folder}/journal-a.sqlite-wal`);
      const moved = "journal-a.sqlite";
      Deno.renameSync(`${folder}/replaced/${moved}`, `${folder}/${moved}`);
      Deno.removeSync(`${folder}/journal-b.sqlite-wal`);
    });
    assert.deepEqual(halfDone, done);
  },
});
