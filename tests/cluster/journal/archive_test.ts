/** Archives of a data folder: the contract, and what a crash leaves. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { archive } from "../../../cluster/journal/archive.ts";
import { openDataFolder } from "../../../cluster/journal/data_folder.ts";
import { decideSwap } from "../../../cluster/journal/file_swap.ts";
import { folderRows, readHistory } from "../../../cluster/journal/history.ts";
import { journalPaths } from "../../../cluster/journal/journal_file.ts";
import { storeFiles } from "../../../cluster/journal/store_files.ts";
import {
  type ShardPeriod,
  TimeRouter,
} from "../../../cluster/routers/time_router.ts";
import { granted } from "../../permission.ts";
import {
  archiveContract,
  type ArchiveStand,
  archiveSums,
  CUT_MS,
  NOW_MS,
  sumsIn,
  writePast,
} from "./archive_contract.ts";
import { folderOptions, TemporaryShop } from "./shop_folder.ts";

const ignore = !granted("read", "write");

interface Filing {
  readonly periods: readonly ShardPeriod[];
  /** Of a partition's rows, one after the other. */
  readonly writtenAtMs: readonly number[];
}

const UNFILED: Filing = {
  periods: [],
  writtenAtMs: [CUT_MS - 1, CUT_MS - 1, CUT_MS - 1, CUT_MS],
};

/** A past in two files, aged by hand. */
async function standOf(
  shop: TemporaryShop,
  { periods, writtenAtMs }: Filing = UNFILED,
): Promise<ArchiveStand> {
  await writePast([shop.journal("worker-0"), shop.journal("worker-1")]);
  shop.release();
  for (const path of journalPaths(shop.path)) {
    const database = new DatabaseSync(path);
    const age = database.prepare(
      "UPDATE events SET written_at_ms = ? WHERE first_sequence = ?",
    );
    writtenAtMs.forEach((atMs, row) => age.run(atMs, 1 + 3 * row));
    database.close();
  }
  return {
    rows: folderRows(shop.path),
    into: ["archive-20261111T000000000Z.sqlite"],
    journal: (domain) => shop.journal(domain),
    // deno-lint-ignore require-await -- the other engine waits
    async archive(partitions, beforeMs) {
      shop.release();
      return archive({
        folder: shop.path,
        partitions,
        beforeMs,
        nowMs: NOW_MS,
        periods: new TimeRouter(1, periods),
        progress: () => {},
      });
    },
    contents: () =>
      Promise.all(journalPaths(shop.path).map((path) => Deno.readFile(path))),
  };
}

for (const { name, holds } of archiveContract) {
  Deno.test({
    name: `G92 ${name}`,
    ignore,
    async fn() {
      using shop = await TemporaryShop.open();
      await holds(await standOf(shop));
    },
  });
}

/** The year begins where the shop is: at 23:00 of the day before in UTC. */
const NEW_YEAR_MS = Date.UTC(2025, 11, 31, 23);

const YEARS = [
  {
    from: "2025-01-01T00:00:00+01:00",
    to: "2026-01-01T00:00:00+01:00",
    shard: "2025",
  },
  {
    from: "2026-01-01T00:00:00+01:00",
    to: "2026-07-01T00:00:00+02:00",
    shard: "spring-2026",
  },
];

/** The sequence numbers of what stands in a file of the folder. */
function sequencesIn(path: string): number[] {
  using database = new DatabaseSync(path, { readOnly: true });
  return database.prepare("SELECT first_sequence AS first FROM events").all()
    .map(({ first }) => Number(first)).sort((a, b) => a - b);
}

Deno.test({
  name:
    "row 56: an archive files each row by the period of the moment it was " +
    "written, to the millisecond, and a period's file can be taken away",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    const stand = await standOf(shop, {
      periods: YEARS,
      // Of rows that begin with the events 1, 4, 7 and 10; the last one stays.
      writtenAtMs: [NEW_YEAR_MS - 1, NEW_YEAR_MS, CUT_MS - 1, CUT_MS],
    });
    const before = await readHistory(stand.rows, "counted");
    const report = await archiveSums(stand);
    const time = "20261111T000000000Z";
    const [old, spring, rest] = ["-2025", "-spring-2026", ""]
      .map((period) => `archive-${time}${period}.sqlite`);
    assert.deepEqual(report.into, [old, spring, rest]);
    const files = [[old, 1], [spring, 4], [rest, 7]] as const;
    for (const [name, first] of files) {
      assert.deepEqual(sequencesIn(`${shop.path}/${name}`), [first, first]);
    }
    assert.deepEqual(await readHistory(stand.rows, "counted"), before);
    const kept = storeFiles(shop.path).map(({ name }) => name);
    for (const [name] of files) assert(kept.includes(name!), name);

    Deno.removeSync(`${shop.path}/${old}`);
    const left = await readHistory(stand.rows, "counted");
    assert.deepEqual(left, before.filter(({ sequence }) => sequence > 3));
    const { sums } = await sumsIn(stand);
    assert.deepEqual(
      sums.map(({ count, total }) => [count, total]),
      [[12, 78], [12, 78]],
    );
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
