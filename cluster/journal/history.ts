/**
 * The history of an order or a product, out of the journals of a data folder.
 * Reads only, as any number of readers may while a shop runs.
 *
 * @module
 */
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import { readIdentity } from "./data_folder.ts";
import {
  eventsOf,
  journalPaths,
  JournalReader,
  type RowFilter,
} from "./journal_file.ts";

/** One event and where it stands. */
export interface HistoryEntry {
  readonly partition: string;
  readonly epoch: number;
  readonly sequence: number;
  /** Wall time: the event's own, else that of its commit. */
  readonly atMs: number;
  readonly event: JournalEvent;
}

/**
 * Every event that names `id` as a whole value, oldest first, and every event
 * of the holds that those name: a shard says what became of a hold without
 * naming order or product again. Empty when nothing names it. Throws
 * `StoreError`.
 */
export function readHistory(
  folder: string,
  id: string,
): readonly HistoryEntry[] {
  // SQLite picks the rows whose text has the id in quotes; what else is in
  // such a row is sorted out here.
  const inQuotes = { sql: "instr(events, ?2) > 0", value: JSON.stringify(id) };
  const naming = select(folder, inQuotes, (event) => names(event, id));
  const holds = new Set(naming.map(({ event }) => holdOf(event)));
  holds.delete(undefined);
  const entries = holds.size === 0 ? naming : select(
    folder,
    null,
    (event) => holds.has(holdOf(event)) || names(event, id),
  );
  return entries.sort((a, b) =>
    a.atMs - b.atMs || compare(a.partition, b.partition) ||
    a.sequence - b.sequence
  );
}

/** Whether some value inside `value`, at any depth, is exactly `id`. */
export function names(value: unknown, id: string): boolean {
  if (value === id) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((member) => names(member, id));
}

function holdOf(event: JournalEvent): string | undefined {
  return (event as { holdId?: string }).holdId;
}

function select(
  folder: string,
  where: RowFilter | null,
  test: (event: JournalEvent) => boolean,
): HistoryEntry[] {
  const { storeId } = readIdentity(folder);
  const entries: HistoryEntry[] = [];
  for (const path of journalPaths(folder)) {
    const reader = new JournalReader(path, storeId, null, 0, where);
    try {
      reader.advance();
      for (let row = reader.current; row !== null; row = reader.current) {
        const { partition, epoch, firstSequence, writtenAtMs } = row;
        eventsOf(row, path).forEach((event, index) => {
          if (!test(event)) return;
          const sequence = firstSequence + index;
          const atMs = event.atMs ?? writtenAtMs;
          entries.push({ partition, epoch, sequence, atMs, event });
        });
        reader.advance();
      }
    } finally {
      reader.close();
    }
  }
  return entries;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
