import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { JournalEvent } from "../../../actors/runtime/actor.ts";
import type { AppendResult } from "../../../actors/runtime/ports.ts";
import { StoreError } from "../../../cluster/journal/database.ts";
import { granted } from "../../permission.ts";
import {
  append,
  counted,
  journalContract,
  take,
  takeOne,
} from "./journal_contract.ts";
import type { OwnerOrder } from "./owner_thread.ts";
import { TemporaryFolder, TemporaryShop } from "./shop_folder.ts";

const ignore = !granted("read", "write");

for (const { name, holds } of journalContract) {
  Deno.test({
    name: `SQLite journal: ${name}`,
    ignore,
    async fn() {
      using shop = await TemporaryShop.open();
      await holds(shop);
    },
  });
}

Deno.test({
  name: "a large commit lets its thread run on until the disk has it",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    const journal = shop.journal("a");
    const partitions = ["p[0]", "p[1]", "p[2]", "p[3]", "p[4]"];
    const taken = await take(journal, ...partitions);
    const appends = taken.map(({ partition, epoch }) => ({
      partition,
      epoch,
      firstSequence: 1,
      events: counted(1, 2),
    }));
    let result: AppendResult | null = null;
    const ended = new Promise<void>((resolve) =>
      journal.append(appends, (appended) => {
        result = appended;
        resolve();
      })
    );
    assert.equal(result, null, "nobody was told before the disk had it");
    await ended;
    assert.equal(result, "durable");
    const again = await take(shop.journal("b"), ...partitions);
    assert(again.every(({ lastSequence }) => lastSequence === 2));
  },
});

for (
  const [what, sql] of [
    ["a row that is gone", "DELETE FROM events WHERE row = 2"],
    [
      "a row that comes twice",
      `INSERT INTO events SELECT 9, partition, epoch, first_sequence,
        event_count, written_at_ms, version, events FROM events WHERE row = 2`,
    ],
    [
      "an epoch that falls",
      "UPDATE events SET epoch = 0 WHERE row = 3",
    ],
    ["a row that is not JSON", "UPDATE events SET events = '[' WHERE row = 2"],
    [
      "a row with fewer events than it says",
      "UPDATE events SET events = '[]' WHERE row = 2",
    ],
    ["a row of a later release", "UPDATE events SET version = 3 WHERE row = 2"],
  ] as const
) {
  Deno.test({
    name: `recovery refuses ${what} and names the file`,
    ignore,
    async fn() {
      using shop = await TemporaryShop.open();
      const journal = shop.journal("a");
      const { epoch } = await takeOne(journal, "p[0]");
      for (const number of [1, 2, 3]) {
        const events = counted(number, number);
        const firstSequence = number;
        const one = { partition: "p[0]", epoch, firstSequence, events };
        await append(journal, one);
      }
      using vandal = new DatabaseSync(`${shop.path}/journal-a.sqlite`);
      vandal.exec(sql);
      await assert.rejects(
        takeOne(journal, "p[0]"),
        (error) =>
          error instanceof StoreError &&
          error.path === `${shop.path}/journal-a.sqlite` &&
          !error.message.includes("\n"),
      );
    },
  });
}

Deno.test({
  name: "a recovery says what it read and how long it took",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    const lines: Readonly<Record<string, unknown>>[] = [];
    const journal = shop.journal("a", {
      write: (_level, _text, fields) => void lines.push(fields),
    });
    assert.equal(journal.lastRecovery, null);
    const { epoch } = await takeOne(journal, "p[0]");
    const one = { partition: "p[0]", epoch, firstSequence: 1 };
    await append(journal, { ...one, events: counted(1, 5) });
    await take(journal, "p[0]", "q[0]");
    const report = journal.lastRecovery!;
    assert.equal(report.events, 5);
    assert.equal(report.rows, 1);
    assert.equal(report.partitions, 2);
    assert(report.durationMs >= report.takeOverMs);
    assert.deepEqual(lines.at(-1), { domain: "a", ...report });
  },
});

Deno.test({
  name: "a failing fold leaves the journal usable",
  ignore,
  async fn() {
    using shop = await TemporaryShop.open();
    const journal = shop.journal("a");
    const { epoch } = await takeOne(journal, "p[0]");
    const one = { partition: "p[0]", epoch, firstSequence: 1 };
    await append(journal, { ...one, events: counted(1, 1) });
    const broken = {
      snapshot: () => {},
      event: (_: JournalEvent) => {
        throw new TypeError("broken fold");
      },
    };
    assert.throws(
      () => journal.recover(["p[0]"], () => broken, () => {}),
      /broken fold/,
    );
    assert.equal((await takeOne(journal, "p[0]")).lastSequence, 1);
  },
});

const needsThreads = { ignore: !granted("read", "write") };

/** A thread that owns partitions, one order at a time. */
class OwnerThread implements AsyncDisposable {
  readonly #worker = new Worker(new URL("./owner_thread.ts", import.meta.url), {
    type: "module",
  });

  tell<Answer>(order: OwnerOrder): Promise<Answer> {
    this.#worker.postMessage(order);
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => resolve(data);
      this.#worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tell({ kind: "close" });
    this.#worker.terminate();
  }
}

// G14
Deno.test({
  name: "a replaced thread that runs on is refused from the take-over on",
  ...needsThreads,
  async fn() {
    using shop = await TemporaryShop.open();
    await using zombie = new OwnerThread();
    const partitions = ["p[0]", "p[1]"];
    const here = { kind: "take", folder: shop.path, partitions } as const;
    await zombie.tell({ ...here, domain: "worker-0" });
    const before = await zombie.tell({ kind: "append", appends: 3 });
    assert.deepEqual(before, ["durable", "durable", "durable"]);
    const late = zombie.tell<string[]>({ kind: "append", appends: 400 });
    const [taken] = await take(shop.journal("worker-0"), ...partitions);
    const results = await late;
    const written = 3 + results.filter((each) => each === "durable").length;
    assert.equal(taken?.lastSequence, written);
    assert.equal(results.lastIndexOf("durable"), written - 4);
    const afterwards = await zombie.tell({ kind: "append", appends: 1 });
    assert.deepEqual(afterwards, ["fenced"]);
  },
});

Deno.test({
  name: "threads that take over at once never get the same epoch",
  ...needsThreads,
  async fn() {
    using shop = await TemporaryShop.open();
    await using left = new OwnerThread();
    await using right = new OwnerThread();
    const here = { kind: "take", folder: shop.path } as const;
    const own = { left: ["p[0]"], right: ["q[0]"] };
    await left.tell({ ...here, domain: "a", partitions: own.left });
    await right.tell({ ...here, domain: "b", partitions: own.right });
    const epochs: number[] = [];
    for (let round = 0; round < 10; round++) {
      const taken = await Promise.all([
        left.tell<number[]>({ ...here, domain: "a", partitions: ["p[0]"] }),
        right.tell<number[]>({ ...here, domain: "b", partitions: ["p[0]"] }),
      ]);
      epochs.push(...taken.flat());
      const results = await Promise.all([
        left.tell<string[]>({ kind: "append", appends: 1 }),
        right.tell<string[]>({ kind: "append", appends: 1 }),
      ]);
      assert.deepEqual(results.flat().sort(), ["durable", "fenced"]);
    }
    assert.equal(new Set(epochs).size, epochs.length);
    const { lastSequence } = await takeOne(shop.journal("c"), "p[0]");
    assert.equal(lastSequence, 10);
  },
});

const canRun = granted("read", "write", "run");

/** Runs the process that runs out of room, under what the shell sets up. */
async function runOutOfRoom(shell: string[], folder: string) {
  const script = new URL("./full_disk_process.ts", import.meta.url).pathname;
  const [command, ...args] = [...shell, Deno.execPath(), script, folder];
  const { stdout, stderr } = await new Deno.Command(command!, { args })
    .output();
  const text = new TextDecoder().decode(stdout);
  assert(text !== "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

Deno.test({
  name: "a file that may not grow makes appends unavailable, not unknown",
  ignore: Deno.build.os === "windows" || !canRun,
  async fn() {
    using folder = new TemporaryFolder();
    // 1 MB in blocks of 512 bytes; without the trap the signal would kill.
    const limited =
      'trap \'\' XFSZ; ulimit -f 2000; exec "$1" run -A "$2" "$3"';
    const shell = ["sh", "-c", limited, "sh"];
    const report = await runOutOfRoom(shell, folder.path);
    assert.equal(report.refusal, "unavailable");
    assert.equal(report.again, "unavailable");
    assert(report.durable > 10);
    assert.equal(report.found, report.durable);
  },
});

/** A mount of its own needs root or user namespaces. */
function canMount(): boolean {
  if (Deno.build.os !== "linux" || !canRun) return false;
  try {
    const probe = ["-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"];
    return new Deno.Command("unshare", { args: probe }).outputSync().success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "a full disk refuses appends until there is room, and loses nothing",
  ignore: !canMount(),
  async fn() {
    using folder = new TemporaryFolder();
    const full = `
      mount -t tmpfs -o size=4m tmpfs "$3" && mkdir "$3/data" &&
      head -c 2000000 /dev/zero > "$3/ballast" &&
      "$1" run -A "$2" "$3/data" "$3/ballast"`;
    const shell = ["unshare", "-rm", "sh", "-c", full, "sh"];
    const report = await runOutOfRoom(shell, folder.path);
    assert.equal(report.refusal, "unavailable");
    assert.equal(report.again, "unavailable");
    assert.equal(report.afterwards, "durable");
    assert.equal(report.found, report.durable + 1);
  },
});
