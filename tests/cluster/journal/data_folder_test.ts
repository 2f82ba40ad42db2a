import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  StoreError,
  type StoreFault,
} from "../../../cluster/journal/database.ts";
import {
  openDataFolder,
  readIdentity,
  readOrCreateSecret,
} from "../../../cluster/journal/data_folder.ts";
import { granted } from "../../permission.ts";
import { append, counted, takeOne } from "./journal_contract.ts";
import { SqliteJournal } from "../../../cluster/journal/sqlite_journal.ts";
import {
  clock,
  folderOptions,
  silent,
  TemporaryFolder,
  TemporaryShop,
} from "./shop_folder.ts";

const ignore = !granted("read", "write");

/** One line, of that fault, that names the path. */
function refusal(fault: StoreFault, ...parts: (string | RegExp)[]) {
  return (error: unknown) => {
    assert(error instanceof StoreError, String(error));
    assert.equal(error.fault, fault, error.message);
    assert(!error.message.includes("\n"));
    for (const part of parts) assert.match(error.message, new RegExp(part));
    return true;
  };
}

Deno.test({
  name: "a folder is created when it is missing, for this user alone",
  ignore,
  async fn() {
    using temporary = new TemporaryFolder();
    const path = `${temporary.path}/some/shop`;
    using folder = closing(await openDataFolder(path, folderOptions));
    assert.deepEqual(folder.opened.partitions, folderOptions.partitions);
    assert.equal(readIdentity(path).storeId, folder.opened.storeId);
    if (Deno.build.os !== "windows") {
      assert.equal(Deno.statSync(path).mode! & 0o777, 0o700);
    }
  },
});

Deno.test({
  name: "a second opener waits for the first to leave and then gets in",
  ignore,
  async fn() {
    using temporary = new TemporaryFolder();
    const first = await openDataFolder(temporary.path, folderOptions);
    let naps = 0;
    const second = await openDataFolder(temporary.path, {
      ...folderOptions,
      waitMs: 10_000,
      sleep: () => {
        if (++naps === 3) first.close();
        return Promise.resolve();
      },
    });
    assert.equal(naps, 3);
    assert.equal(second.storeId, first.storeId);
    second.close();
  },
});

Deno.test({
  name: "a second opener gives up after its wait and names the pid",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    let nowMs = 0;
    const impatient = {
      ...folderOptions,
      clock: { monotonicMs: () => nowMs, wallMs: () => 0 },
      sleep: (ms: number) => Promise.resolve(void (nowMs += ms)),
      waitMs: 10_000,
    };
    await assert.rejects(
      openDataFolder(shop.path, impatient),
      refusal("in-use", `process ${Deno.pid} `),
    );
    assert.equal(nowMs, 10_000);
  },
});

Deno.test({
  name: "a folder that cannot be made is one line",
  ignore,
  async fn() {
    using temporary = new TemporaryFolder();
    const file = `${temporary.path}/file`;
    Deno.writeTextFileSync(file, "");
    await assert.rejects(
      openDataFolder(`${file}/data`, folderOptions),
      refusal("unwritable", `${file}/data`),
    );
    await assert.rejects(
      openDataFolder(file, folderOptions),
      refusal("unwritable", file),
    );
  },
});

Deno.test({
  name: "other partition counts are refused and change nothing",
  ignore,
  async fn() {
    using temporary = new TemporaryFolder();
    (await openDataFolder(temporary.path, folderOptions)).close();
    const other = { ...folderOptions, partitions: { storefront: 4 } };
    await assert.rejects(
      openDataFolder(temporary.path, other),
      refusal("mismatch", "storefront 4", "inventory 2, storefront 2"),
    );
    (await openDataFolder(temporary.path, folderOptions)).close();
  },
});

const HALVES = { borders: ["", "M"], partitions: [1, 0] };

// G19
Deno.test({
  name: "another map of stock is refused, naming what differs, and changes " +
    "nothing",
  ignore,
  async fn() {
    using hashed = new TemporaryFolder();
    (await openDataFolder(hashed.path, folderOptions)).close();
    const byRange = { ...folderOptions, stockRanges: HALVES };
    await assert.rejects(
      openDataFolder(hashed.path, byRange),
      refusal("mismatch", "expected stock by 2 ranges", "found stock by hash"),
    );
    (await openDataFolder(hashed.path, folderOptions)).close();

    using ranged = new TemporaryFolder();
    (await openDataFolder(ranged.path, byRange)).close();
    await assert.rejects(
      openDataFolder(ranged.path, folderOptions),
      refusal("mismatch", "expected stock by hash", "found stock by 2 ranges"),
    );
    const moved = { ...HALVES, borders: ["", "N"] };
    await assert.rejects(
      openDataFolder(ranged.path, { ...byRange, stockRanges: moved }),
      refusal("mismatch", 'expected .*"N" in .* 0', 'found .*"M" in .* 0'),
    );
    const swapped = { ...HALVES, partitions: [0, 1] };
    await assert.rejects(
      openDataFolder(ranged.path, { ...byRange, stockRanges: swapped }),
      refusal("mismatch", 'expected .*"" in .* 0', 'found .*"" in .* 1'),
    );
    using folder = closing(await openDataFolder(ranged.path, byRange));
    assert.deepEqual(folder.opened.stockRanges, HALVES);
    assert.deepEqual(folder.opened.partitions, folderOptions.partitions);
  },
});

Deno.test({
  name: "a store by hash says what it said before there were ranges, and one " +
    "by range says it so that a release without them refuses it",
  ignore,
  async fn() {
    for (const stockRanges of [null, HALVES]) {
      using folder = new TemporaryFolder();
      const options = { ...folderOptions, stockRanges };
      (await openDataFolder(folder.path, options)).close();
      using database = new DatabaseSync(`${folder.path}/store.sqlite`);
      const row = database.prepare("SELECT partitions FROM identity").get();
      const kinds = Object.keys(JSON.parse(String(row!.partitions)));
      const counted = Object.keys(folderOptions.partitions);
      // An older release compares all that it finds there with its counts.
      if (stockRanges === null) assert.deepEqual(kinds, counted);
      else assert.notDeepEqual(kinds, counted);
    }
  },
});

/** A store with one event, closed. */
async function oldStore(): Promise<TemporaryFolder & { journal: string }> {
  const folder = new TemporaryFolder();
  const held = await openDataFolder(folder.path, folderOptions);
  const options = { folder: folder.path, domain: "a", clock, log: silent };
  const journal = new SqliteJournal(options);
  const { epoch } = await takeOne(journal, "p[0]");
  const one = { partition: "p[0]", epoch, firstSequence: 1 };
  await append(journal, { ...one, events: counted(1, 500) });
  journal.close();
  held.close();
  return Object.assign(folder, { journal: `${folder.path}/journal-a.sqlite` });
}

for (
  const [what, fault, damage] of [
    [
      "cut short",
      "torn",
      (path: string) => Deno.truncateSync(path, 8_192),
    ],
    ["empty", "torn", (path: string) => Deno.truncateSync(path, 0)],
    [
      "text",
      "foreign",
      (path: string) => Deno.writeTextFileSync(path, "hello ".repeat(1_000)),
    ],
    ["another program's", "foreign", (path: string) => {
      Deno.removeSync(path);
      using other = new DatabaseSync(path);
      other.exec("CREATE TABLE notes (text TEXT)");
    }],
    ["of a later release", "newer", (path: string) => {
      using later = new DatabaseSync(path);
      later.exec("PRAGMA user_version = 2");
    }],
    ["overwritten inside", "torn", (path: string) => {
      using file = Deno.openSync(path, { write: true });
      file.seekSync(12_288, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(4_096).fill(0xff));
    }],
  ] as const
) {
  Deno.test({
    name: `a journal that is ${what} is refused and left as it is`,
    ignore,
    async fn() {
      using old = await oldStore();
      damage(old.journal);
      const before = Deno.readFileSync(old.journal);
      await assert.rejects(
        openDataFolder(old.path, folderOptions),
        refusal(fault, old.journal),
      );
      assert.deepEqual(Deno.readFileSync(old.journal), before);
    },
  });
}

Deno.test({
  name: "a journal that was cut short meanwhile is not opened either",
  ignore,
  async fn() {
    using old = await oldStore();
    Deno.truncateSync(old.journal, 8_192);
    const options = { folder: old.path, domain: "a", clock, log: silent };
    assert.throws(
      () => new SqliteJournal(options),
      refusal("torn", old.journal, "8192 bytes"),
    );
  },
});

Deno.test({
  name: "a journal of another store is refused and left as it is",
  ignore,
  async fn() {
    using old = await oldStore();
    using shop = await TemporaryShop.open();
    Deno.copyFileSync(old.journal, `${shop.path}/journal-a.sqlite`);
    const before = Deno.readFileSync(old.journal);
    assert.throws(() => shop.journal("a"), refusal("foreign", "of store"));
    const held = shop.journal("b");
    await assert.rejects(
      takeOne(held, "p[0]"),
      refusal("foreign", "journal-a"),
    );
    const after = Deno.readFileSync(`${shop.path}/journal-a.sqlite`);
    assert.deepEqual(after, before);
  },
});

Deno.test({
  name: "journals without their store's identity are not given a new one",
  ignore,
  async fn() {
    using old = await oldStore();
    Deno.removeSync(`${old.path}/store.sqlite`);
    await assert.rejects(
      openDataFolder(old.path, folderOptions),
      refusal("missing", "store.sqlite", "journal-a.sqlite"),
    );
  },
});

Deno.test({
  name: "a file that a crash left half made is made again",
  ignore,
  async fn() {
    using temporary = new TemporaryFolder();
    Deno.writeTextFileSync(`${temporary.path}/store.sqlite.new`, "half");
    (await openDataFolder(temporary.path, folderOptions)).close();
  },
});

Deno.test({
  name: "a domain whose name does not fit a file is refused",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    for (const domain of ["", "../a", "A", "a/b", "a.b"]) {
      assert.throws(() => shop.journal(domain), TypeError);
    }
  },
});

Deno.test({
  name: "a secret is drawn once, is kept, and only its owner can read it",
  ignore,
  fn() {
    using folder = new TemporaryFolder();
    const draw = (byte: number) => () => new Uint8Array(32).fill(byte);
    const first = readOrCreateSecret(folder.path, "admin_token", draw(0xfb));
    assert.equal(first, "-_v7".repeat(10) + "-_s");
    const path = `${folder.path}/admin_token`;
    assert.equal(
      readOrCreateSecret(folder.path, "admin_token", draw(1)),
      first,
    );
    if (Deno.build.os !== "windows") {
      assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
    }
    Deno.writeTextFileSync(path, "\n");
    assert.throws(
      () => readOrCreateSecret(folder.path, "admin_token", draw(1)),
      refusal("torn", path),
    );
  },
});

/** Closes a folder with the block. */
function closing<Opened extends { close(): void }>(opened: Opened) {
  return { opened, [Symbol.dispose]: () => opened.close() };
}
