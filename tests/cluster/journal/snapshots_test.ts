import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { stableHash } from "../../../actors/runtime/random.ts";
import type {
  AnyBehavior,
  Behavior,
  JournalEvent,
} from "../../../actors/runtime/actor.ts";
import type { Log } from "../../../actors/runtime/ports.ts";
import { FolderSnapshots } from "../../../cluster/journal/folder_snapshots.ts";
import { snapshotOrigin } from "../../../cluster/journal/snapshot_file.ts";
import type { SnapshotAnswer } from "../../../cluster/journal/snapshot_writer.ts";
import {
  type SnapshotRequest,
  SnapshotSchedule,
  writeSnapshots,
} from "../../../cluster/journal/snapshots.ts";
import { SqliteJournal } from "../../../cluster/journal/sqlite_journal.ts";
import { granted } from "../../permission.ts";
import { append, take, takeOne } from "./journal_contract.ts";
import { clock, silent, TemporaryShop } from "./shop_folder.ts";

const ignore = !granted("read", "write");

interface Noted extends JournalEvent {
  readonly kind: "noted";
  readonly number: number;
}

/** State with everything that a snapshot must bring back as it was. */
interface Notes {
  seen: Set<number>;
  byNumber: Map<number, { number: number; least: number }>;
  newest: { number: number; least: number } | null;
  volatile: { readonly waiting: number[] };
}

const notes: Behavior<Notes, never, { readonly from: number }, Noted> = {
  name: "notes",
  start: () => ({
    seen: new Set(),
    byNumber: new Map(),
    newest: null,
    volatile: { waiting: [] },
  }),
  receive: () => {},
  apply(state, { number }) {
    // The newest note is the one in the map, not a copy of it.
    if (state.newest !== null) state.newest.least = number;
    state.newest = { number, least: Infinity };
    state.byNumber.set(number, state.newest);
    state.seen.add(number);
  },
};

const ARGS = { from: 1 };

function noted(first: number, last: number): Noted[] {
  const length = last - first + 1;
  return Array.from(
    { length },
    (_, index) => ({ kind: "noted", number: first + index }),
  );
}

/** Brings the snapshot of `notes[0]` up to date. */
async function write(folder: string, behavior: AnyBehavior = notes) {
  const partitions = [{ partition: "notes[0]", args: ARGS }];
  const keeper = new FolderSnapshots(folder, silent);
  try {
    const request = { release: "1", partitions };
    return await writeSnapshots(request, () => behavior, keeper);
  } finally {
    keeper.close();
  }
}

const wrote = (events: number) => ({
  written: 1,
  unprofitable: 0,
  events,
  refused: [],
});

/** What a new owner gets, folded as the runtime does it. */
function recover(folder: string, release = "1", log: Log = silent) {
  const journal = new SqliteJournal({
    folder,
    domain: "b",
    clock,
    log,
    snapshotOriginOf: () => snapshotOrigin(release, "notes", ARGS),
  });
  let state = notes.start(ARGS);
  let snapshotSequence = 0;
  let events = 0;
  journal.recover(["notes[0]"], () => ({
    snapshot(found, sequence) {
      state = { ...(found as Notes), volatile: state.volatile };
      snapshotSequence = sequence;
    },
    event(event) {
      notes.apply!(state, event as Noted);
      events++;
    },
  }), () => {});
  journal.close();
  return { state, snapshotSequence, events };
}

/** The numbers that a new owner of all partitions still has to fold. */
function recoverAll(folder: string, partitions: readonly string[]) {
  const journal = new SqliteJournal({
    folder,
    domain: "b",
    clock,
    log: silent,
    snapshotOriginOf: () => snapshotOrigin("1", "notes", ARGS),
  });
  const folded: Record<string, number[]> = {};
  journal.recover(partitions, (partition) => {
    const numbers: number[] = folded[partition] = [];
    return {
      snapshot: () => {},
      event: (event) => void numbers.push((event as Noted).number),
    };
  }, () => {});
  journal.close();
  return folded;
}

/** A shop whose partition has `count` notes, one in a commit. */
async function shopWithNotes(count: number) {
  const shop = await TemporaryShop.open();
  const journal = shop.journal("a");
  const { epoch } = await takeOne(journal, "notes[0]");
  const add = async (first: number, last: number) => {
    for (const event of noted(first, last)) {
      const firstSequence = event.number;
      const one = { partition: "notes[0]", epoch, firstSequence };
      assert.equal(
        await append(journal, { ...one, events: [event] }),
        "durable",
      );
    }
  };
  await add(1, count);
  return Object.assign(shop, { add });
}

Deno.test({
  name: "a recovery starts from the snapshot and folds only what came after",
  ignore,
  async fn() {
    using shop = await shopWithNotes(20);
    assert.deepEqual(await write(shop.path), wrote(20));
    await shop.add(21, 25);
    const { state, snapshotSequence, events } = recover(shop.path);
    assert.equal(snapshotSequence, 20);
    assert.equal(events, 5);
    const whole = notes.start(ARGS);
    for (const event of noted(1, 25)) notes.apply!(whole, event);
    assert.deepEqual(state, whole);
    assert.equal(state.newest, state.byNumber.get(25));
  },
});

Deno.test({
  name: "a snapshot goes on from the one before, whoever owns the partition",
  ignore,
  async fn() {
    using shop = await shopWithNotes(20);
    await write(shop.path);
    await shop.add(21, 25);
    assert.equal((await write(shop.path)).events, 5);
    assert.deepEqual(await write(shop.path), { ...wrote(0), written: 0 });
    const owner = shop.journal("c");
    const { epoch, lastSequence } = await takeOne(owner, "notes[0]");
    const next = { partition: "notes[0]", epoch, firstSequence: 26 };
    assert.equal(lastSequence, 25);
    await append(owner, { ...next, events: noted(26, 27) });
    assert.equal((await write(shop.path)).events, 2);
    const { state, snapshotSequence, events } = recover(shop.path);
    assert.equal(snapshotSequence, 27);
    assert.equal(events, 0);
    assert.equal(state.seen.size, 27);
  },
});

Deno.test({
  name: "partitions that have snapshots of different ages recover together",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    const journal = shop.journal("a");
    const owners = await take(journal, "notes[0]", "notes[1]");
    const add = (number: number) =>
      append(
        journal,
        ...owners.map(({ partition, epoch }) => ({
          partition,
          epoch,
          firstSequence: number,
          events: noted(number, number),
        })),
      );
    await add(1);
    await add(2);
    assert.equal((await write(shop.path)).written, 1);
    await add(3);
    const { state, events } = recover(shop.path);
    assert.equal(events, 1);
    assert.equal(state.seen.size, 3);
    const both = recoverAll(shop.path, ["notes[0]", "notes[1]"]);
    assert.deepEqual(both, { "notes[0]": [3], "notes[1]": [1, 2, 3] });
  },
});

Deno.test({
  name: "a snapshot has no volatile member",
  ignore,
  async fn() {
    using shop = await shopWithNotes(1);
    await write(shop.path);
    const { state } = recover(shop.path);
    assert.deepEqual(state.volatile, { waiting: [] });
    using file = new DatabaseSync(`${shop.path}/snapshots.sqlite`);
    const row = file.prepare(
      "SELECT instr(state, 'volatile') AS at FROM snapshots",
    );
    assert.equal(row.get()?.at, 0);
  },
});

Deno.test({
  name: "a snapshot of another release or other arguments is not used",
  ignore,
  async fn() {
    using shop = await shopWithNotes(3);
    await write(shop.path);
    assert.equal(recover(shop.path, "2").events, 3);
    assert.equal(recover(shop.path, "1").events, 0);
    const [one, other] = [snapshotOrigin("1", "a", { from: 1 }), "1"];
    assert.notEqual(one, snapshotOrigin(other, "a", { from: 2 }));
    assert.notEqual(one, snapshotOrigin(other, "b", { from: 1 }));
  },
});

for (
  const [what, damage] of [
    ["state", (folder: string) => {
      using file = new DatabaseSync(`${folder}/snapshots.sqlite`);
      file.exec("UPDATE snapshots SET state = x'00'");
    }],
    ["file", (folder: string) => {
      Deno.removeSync(`${folder}/snapshots.sqlite`);
      Deno.writeTextFileSync(`${folder}/snapshots.sqlite`, "x".repeat(9_000));
    }],
  ] as const
) {
  // G16
  Deno.test({
    name: `a damaged snapshot ${what} is ignored, with a warning`,
    ignore,
    async fn() {
      using shop = await shopWithNotes(3);
      await write(shop.path);
      damage(shop.path);
      const warnings: string[] = [];
      const log: Log = {
        write: (level, text) => void (level === "warn" && warnings.push(text)),
      };
      assert.equal(recover(shop.path, "1", log).events, 3);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, /ignored/);
    },
  });
}

Deno.test({
  name: "a state that would come back different gets no snapshot",
  ignore,
  async fn() {
    using shop = await shopWithNotes(3);
    class Odd {
      readonly #hidden = 1;
      get shown() {
        return this.#hidden;
      }
    }
    const odd = {
      ...notes,
      start: () => ({ ...notes.start(ARGS), o: new Odd() }),
    };
    const report = await write(shop.path, odd);
    assert.equal(report.written, 0);
    assert.match(report.refused[0]!.because, /not plain/);
    assert.equal(recover(shop.path).events, 3);
  },
});

Deno.test({
  name: "the snapshot thread folds the shop's own actors",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    const journal = shop.journal("a");
    const { epoch } = await takeOne(journal, "inventory[0]");
    const sku = skuOfPartitionZero();
    const one = { partition: "inventory[0]", epoch, firstSequence: 1 };
    const opened = {
      kind: "stock_opened",
      sku,
      units: 5,
      priceCents: 9,
      atMs: 1,
    };
    await append(journal, { ...one, events: [opened] });
    const args = { limitPerUser: null, cacheNodes: [], publishEveryMs: 200 };
    const partitions = [{ partition: "inventory[0]", args }];
    const answer = await askThread({
      storage: { kind: "folder", path: shop.path },
      release: "1",
      partitions,
    });
    assert.deepEqual(answer, {
      kind: "snapshots_written",
      report: wrote(1),
    });
    const failed = await askThread({
      storage: { kind: "folder", path: "/nowhere" },
      release: "1",
      partitions,
    });
    assert.equal(failed.kind, "snapshots_failed");
  },
});

function skuOfPartitionZero(): string {
  for (let number = 0;; number++) {
    if (stableHash(`sku${number}`) % 2 === 0) return `sku${number}`;
  }
}

async function askThread(order: SnapshotRequest): Promise<SnapshotAnswer> {
  const entry = "../../../cluster/journal/snapshot_writer.ts";
  const worker = new Worker(new URL(entry, import.meta.url), {
    type: "module",
  });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(order);
    });
  } finally {
    worker.terminate();
  }
}

Deno.test("snapshots are due after many events, or after some in a long time", () => {
  const schedule = new SnapshotSchedule(1_000);
  assert.equal(schedule.isDue(3_999_999, 1_000), false);
  assert.equal(schedule.isDue(4_000_000, 1_000), true);
  assert.equal(schedule.isDue(4_049_999, 1_000 + 900_000), false);
  assert.equal(schedule.isDue(4_050_000, 1_000 + 899_999), false);
  assert.equal(schedule.isDue(4_050_000, 1_000 + 900_000), true);
  assert.equal(schedule.isDue(4_050_001, 9_000_000), false);
});

Deno.test("where others may take over snapshots are due eight times as often", () => {
  const schedule = new SnapshotSchedule(0, { isShared: true });
  assert.equal(schedule.isDue(499_999, 0), false);
  assert.equal(schedule.isDue(500_000, 0), true);
  schedule.finished({ written: 0 });
  assert.equal(schedule.isDue(1_499_999, 0), false);
  assert.equal(schedule.isDue(1_500_000, 0), true);
  schedule.finished({ written: 1 });
  assert.equal(schedule.isDue(2_000_000, 0), true);
});

Deno.test("a worker that leaves does not put snapshots off", () => {
  const schedule = new SnapshotSchedule(0);
  assert.equal(schedule.isDue(9_000_000, 0), true);
  assert.equal(schedule.isDue(1_000_000, 0), false);
  assert.equal(schedule.isDue(4_999_999, 0), false);
  assert.equal(schedule.isDue(5_000_000, 0), true);
});

Deno.test("a pass that gains nothing makes the next one wait twice as long", () => {
  const schedule = new SnapshotSchedule(0);
  assert.equal(schedule.isDue(4_000_000, 0), true);
  schedule.finished({ written: 0 });
  assert.equal(schedule.isDue(11_999_999, 0), false);
  assert.equal(schedule.isDue(12_000_000, 0), true);
  schedule.finished({ written: 1 });
  assert.equal(schedule.isDue(16_000_000, 0), true);
});

Deno.test({
  name: "a state that is larger than its history is folded, not kept",
  ignore,
  async fn() {
    using shop = await shopWithNotes(2);
    const large: typeof notes = {
      ...notes,
      apply(state, event) {
        notes.apply!(state, event);
        for (let more = 1; more < 5_000; more++) state.seen.add(more * 1e6);
      },
    };
    const report = await write(shop.path, large);
    assert.equal(report.unprofitable, 1);
    assert.equal(report.written, 0);
    assert.equal(recover(shop.path).events, 2);
  },
});
