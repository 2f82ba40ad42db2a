/** The journal in memory keeps what every journal promises. */
import assert from "node:assert/strict";
import {
  MemoryDisk,
  MemoryJournal,
} from "../../../../actors/runtime/test_kit/memory_journal.ts";
import type { AppendResult } from "../../../../actors/runtime/ports.ts";
import {
  append,
  counted,
  journalContract,
  takeOne,
} from "../../../cluster/journal/journal_contract.ts";

for (const { name, holds } of journalContract) {
  Deno.test(`memory journal: ${name}`, async () => {
    const disk = new MemoryDisk();
    const journals = new Map<string, MemoryJournal>();
    await holds({
      journal(domain) {
        const journal = journals.get(domain) ?? new MemoryJournal(disk);
        journals.set(domain, journal);
        return journal;
      },
    });
  });
}

Deno.test("memory journal: what is not made durable is not there after a crash", async () => {
  const disk = new MemoryDisk();
  const writes: (() => void)[] = [];
  const journal = new MemoryJournal(disk, (write) => writes.push(write));
  const { epoch } = await takeOne(journal, "p[0]");
  const results: AppendResult[] = [];
  for (const first of [1, 3]) {
    const events = counted(first, first + 1);
    journal.append(
      [{ partition: "p[0]", epoch, firstSequence: first, events }],
      (result) => results.push(result),
    );
  }
  writes.shift()!();
  assert.deepEqual(results, ["durable"]);
  const next = await takeOne(new MemoryJournal(disk), "p[0]");
  assert.deepEqual(next.events, counted(1, 2));
  writes.shift()!();
  assert.deepEqual(results, ["durable", "fenced"], "power had gone");
});

Deno.test("memory journal: neither side can change what is on the disk", async () => {
  const disk = new MemoryDisk();
  const writes: (() => void)[] = [];
  const journal = new MemoryJournal(disk, (write) => writes.push(write));
  const { epoch } = await takeOne(journal, "p[0]");
  const event = { kind: "listed", list: [1] };
  journal.append(
    [{ partition: "p[0]", epoch, firstSequence: 1, events: [event] }],
    () => {},
  );
  event.list.push(2);
  writes.shift()!();
  const [folded] = (await takeOne(journal, "p[0]")).events;
  (folded as typeof event).list.push(3);
  const [again] = (await takeOne(journal, "p[0]")).events;
  assert.deepEqual(again, { kind: "listed", list: [1] });
});

Deno.test("memory journal: an append that storage refuses is not written", async () => {
  const disk = new MemoryDisk();
  const journal = new MemoryJournal(disk);
  const { epoch } = await takeOne(journal, "p[0]");
  const events = counted(1, 1);
  const one = { partition: "p[0]", epoch, firstSequence: 1, events };
  journal.refuseWith = "unavailable";
  assert.equal(await append(journal, one), "unavailable");
  journal.refuseWith = null;
  assert.equal(await append(journal, one), "durable");
});
