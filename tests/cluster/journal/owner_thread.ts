/**
 * A thread of the journal tests: takes a partition over and appends numbers
 * under the epoch it got, as often as it is told to.
 *
 * @module
 */
import { SqliteJournal } from "../../../cluster/journal/sqlite_journal.ts";
import { append, counted, take } from "./journal_contract.ts";
import { clock, silent } from "./shop_folder.ts";

/** What the thread is told. */
export type OwnerOrder =
  | { kind: "take"; folder: string; domain: string; partitions: string[] }
  | { kind: "append"; appends: number }
  | { kind: "close" };

// Modules are checked against a window's global scope, not a worker's.
const thread = globalThis as unknown as {
  onmessage: (event: MessageEvent<OwnerOrder>) => void;
  postMessage(answer: unknown): void;
};

let journal: SqliteJournal | null = null;
let owned: { partition: string; epoch: number; lastSequence: number }[] = [];

thread.onmessage = async ({ data }) => thread.postMessage(await obey(data));

async function obey(order: OwnerOrder): Promise<unknown> {
  if (order.kind === "close") return journal?.close();
  if (order.kind === "take") {
    const { folder, domain, partitions } = order;
    journal ??= new SqliteJournal({ folder, domain, clock, log: silent });
    owned = [...await take(journal, ...partitions)];
    return owned.map(({ epoch }) => epoch);
  }
  const results = [];
  for (let round = 0; round < order.appends; round++) {
    const result = await append(
      journal!,
      ...owned.map(({ partition, epoch, lastSequence }) => ({
        partition,
        epoch,
        firstSequence: lastSequence + 1,
        events: counted(lastSequence + 1, lastSequence + 1),
      })),
    );
    if (result === "durable") { for (const each of owned) each.lastSequence++; }
    results.push(result);
  }
  return results;
}
