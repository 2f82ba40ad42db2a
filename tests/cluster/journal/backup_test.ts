/** What a backup is, what it refuses, and what comes back from it. */
import assert from "node:assert/strict";
import type { Journal } from "../../../actors/runtime/ports.ts";
import {
  type BackupReport,
  LIST_NAME,
  takeBackup,
} from "../../../cluster/journal/backup.ts";
import {
  openDataFolder,
  openTakeOverLock,
} from "../../../cluster/journal/data_folder.ts";
import { StoreError } from "../../../cluster/journal/database.ts";
import { PaymentLedger } from "../../../cluster/journal/payment_ledger.ts";
import { restoreBackup } from "../../../cluster/journal/restore.ts";
import { SqliteJournal } from "../../../cluster/journal/sqlite_journal.ts";
import { granted } from "../../permission.ts";
import { append, counted, take, takeOne } from "./journal_contract.ts";
import {
  clock,
  folderOptions,
  silent,
  TemporaryFolder,
  TemporaryShop,
} from "./shop_folder.ts";

const ignore = !granted("read", "write");
const { sleep } = folderOptions;
const PARTITIONS = ["inventory[0]", "storefront[1]"] as const;

/** A store of two journals with three events each, and a ledger. */
async function twoWriters(shop: TemporaryShop) {
  const writers = await Promise.all(
    PARTITIONS.map(async (partition, index) => {
      const journal = shop.journal(`worker-${index}`);
      const { epoch } = await takeOne(journal, partition);
      let next = 1;
      const write = () => {
        const firstSequence = next;
        next += 3;
        const events = counted(firstSequence, firstSequence + 2);
        return append(journal, { partition, epoch, firstSequence, events });
      };
      assert.equal(await write(), "durable");
      return write;
    }),
  );
  const ledger = new PaymentLedger(shop.path);
  ledger.charge("o-1-1", 500, "GBP", "captured");
  return { writers, ledger };
}

function backUp(
  from: string,
  into: string,
  progress: () => void = () => {},
): Promise<BackupReport> {
  return takeBackup({ from, into, clock, progress });
}

function restore(from: string, into: string) {
  return restoreBackup({ from, into, clock, sleep, progress: () => {} });
}

/** The events of both partitions in a folder, as a shop would fold them. */
async function eventsIn(folder: string) {
  const held = await openDataFolder(folder, folderOptions);
  const options = { folder, domain: "worker-7", clock, log: silent };
  const journal: Journal & { close(): void } = new SqliteJournal(options);
  const taken = await take(journal, ...PARTITIONS);
  journal.close();
  held.close();
  return taken.map(({ events }) => events);
}

function rejection(fault: string, says: RegExp) {
  return (error: unknown) => {
    assert(error instanceof StoreError, String(error));
    assert.equal(error.fault, fault);
    assert.match(error.message, says);
    return true;
  };
}

Deno.test({
  name: "G90 what is written while the copies are made is in none of them",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    using copies = new TemporaryFolder();
    const { writers, ledger } = await twoWriters(shop);
    const writing: Promise<unknown>[] = [];
    const into = `${copies.path}/backup`;
    await backUp(shop.path, into, () => {
      if (writing.length > 0) return;
      ledger.charge("o-2-1", 700, "GBP", "captured");
      writing.push(...writers.map((write) => write()));
    });
    assert.deepEqual(await Promise.all(writing), ["durable", "durable"]);
    ledger.close();
    await restore(into, `${copies.path}/data`);
    const three = counted(1, 3);
    assert.deepEqual(await eventsIn(`${copies.path}/data`), [three, three]);
    const restored = new PaymentLedger(`${copies.path}/data`);
    const [totals] = restored.totals();
    restored.close();
    assert.equal(totals!.capturedCents, 500);
  },
});

Deno.test({
  name: "a take-over under way keeps a backup from beginning, in one line",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    using copies = new TemporaryFolder();
    await twoWriters(shop).then(({ ledger }) => ledger.close());
    const takingOver = openTakeOverLock(shop.path);
    takingOver.exec("BEGIN IMMEDIATE");
    try {
      await assert.rejects(
        takeBackup({
          from: shop.path,
          into: `${copies.path}/backup`,
          clock,
          lockWithinMs: 0,
          progress: () => {},
        }),
        rejection("unwritable", /locked/),
      );
    } finally {
      takingOver.close();
    }
  },
});

Deno.test({
  name: "a backup goes only where nothing is, and only from a store",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    using copies = new TemporaryFolder();
    await backUp(shop.path, `${copies.path}/backup`);
    await assert.rejects(
      backUp(shop.path, `${copies.path}/backup`),
      rejection("in-use", /empty or not there, found ".*" in it/),
    );
    await assert.rejects(
      backUp(copies.path, `${copies.path}/none`),
      rejection("missing", /store\.sqlite/),
    );
  },
});

Deno.test({
  name: "a backup whose bytes have changed, or whose list is missing, is " +
    "refused, and nothing is left of the attempt",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    using copies = new TemporaryFolder();
    await twoWriters(shop).then(({ ledger }) => ledger.close());
    const backup = `${copies.path}/backup`;
    const data = `${copies.path}/data`;
    await backUp(shop.path, backup);
    const path = `${backup}/journal-worker-1.sqlite`;
    const whole = Deno.readFileSync(path);
    const changed = whole.slice();
    changed[whole.length - 100]! ^= 1;
    Deno.writeFileSync(path, changed);
    await assert.rejects(
      restore(backup, data),
      rejection("torn", /checksum of the list, found another one/),
    );
    const left = [...Deno.readDirSync(data)].map(({ name }) => name);
    assert.deepEqual(left, ["lock"]);
    Deno.writeFileSync(path, whole);
    Deno.writeTextFileSync(`${backup}/${LIST_NAME}`, `{"format": 1}`);
    await assert.rejects(restore(backup, data), rejection("torn", /storeId/));
    Deno.removeSync(`${backup}/${LIST_NAME}`);
    await assert.rejects(
      restore(backup, data),
      rejection("missing", /the list of a backup/),
    );
  },
});

Deno.test({
  name: "a restore needs a data folder that nobody holds and nothing is in",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    using copies = new TemporaryFolder();
    const backup = `${copies.path}/backup`;
    await backUp(shop.path, backup);
    await assert.rejects(
      restore(backup, shop.path),
      rejection("in-use", /process \d+ holding it/),
    );
    await restore(backup, `${copies.path}/data`);
    await assert.rejects(
      restore(backup, `${copies.path}/data`),
      rejection("in-use", /empty or not there, found ".*" in it/),
    );
  },
});

Deno.test({
  name: "a shop refuses a folder in which a restore was cut short",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    using copies = new TemporaryFolder();
    await twoWriters(shop).then(({ ledger }) => ledger.close());
    const data = `${copies.path}/data`;
    await backUp(shop.path, `${copies.path}/backup`);
    await restore(`${copies.path}/backup`, data);
    // The identity is what appears last.
    Deno.removeSync(`${data}/store.sqlite`);
    await assert.rejects(
      openDataFolder(data, folderOptions),
      rejection("missing", /store\.sqlite/),
    );
  },
});

Deno.test({
  name: "G32 a backup has no secret in it, and its folder is its owner's alone",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    using copies = new TemporaryFolder();
    const into = `${copies.path}/backup`;
    for (const name of ["session_secret", "admin_token"]) {
      Deno.writeTextFileSync(`${shop.path}/${name}`, "very secret");
    }
    await backUp(shop.path, into);
    const names = [...Deno.readDirSync(into)].map(({ name }) => name).sort();
    assert.deepEqual(names, [LIST_NAME, "store.sqlite"]);
    assert.equal(Deno.statSync(into).mode! & 0o777, 0o700);
  },
});
