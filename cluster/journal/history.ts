/**
 * The history of an order or a product, out of the journals of a data folder or
 * of a database. Reads only, as any number of readers may while a shop runs.
 *
 * @module
 */
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import { readIdentity } from "./data_folder.ts";
import {
  eventsOf,
  journalPaths,
  JournalReader,
  type JournalRow,
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

/** A row, and the file or database by which errors call it. */
export interface PlacedRow {
  readonly row: JournalRow;
  readonly path: string;
}

/**
 * All rows of a store, each partition's in order; with `text` at least those
 * whose events have it somewhere.
 */
export type HistoryRows = (
  text: string | null,
) => Iterable<PlacedRow> | AsyncIterable<PlacedRow>;

/**
 * Every event that names `id` as a whole value, oldest first, and every event
 * of the holds that those name: a shard says what became of a hold without
 * naming order or product again. Empty when nothing names it. Throws
 * `StoreError`.
 */
export async function readHistory(
  rows: HistoryRows,
  id: string,
): Promise<readonly HistoryEntry[]> {
  // The store picks the rows whose text has the id in quotes; what else is in
  // such a row is sorted out here.
  const naming = await select(
    rows(JSON.stringify(id)),
    (event) => names(event, id),
  );
  const holds = new Set(naming.map(({ event }) => holdOf(event)));
  holds.delete(undefined);
  const entries = holds.size === 0 ? naming : await select(
    rows(null),
    (event) => holds.has(holdOf(event)) || names(event, id),
  );
  return entries.sort((a, b) =>
    a.atMs - b.atMs || compare(a.partition, b.partition) ||
    a.sequence - b.sequence
  );
}

/** The rows of a data folder. */
export function folderRows(folder: string): HistoryRows {
  return function* (text) {
    const { storeId } = readIdentity(folder);
    const where = text === null
      ? null
      : { sql: "instr(events, ?2) > 0", value: text };
    for (const path of journalPaths(folder)) {
      const reader = new JournalReader(path, storeId, null, 0, where);
      try {
        reader.advance();
        for (let row = reader.current; row !== null; row = reader.current) {
          yield { row, path };
          reader.advance();
        }
      } finally {
        reader.close();
      }
    }
  };
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

async function select(
  rows: ReturnType<HistoryRows>,
  test: (event: JournalEvent) => boolean,
): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for await (const { row, path } of rows) {
    const { partition, epoch, firstSequence, writtenAtMs } = row;
    eventsOf(row, path).forEach((event, index) => {
      if (!test(event)) return;
      const sequence = firstSequence + index;
      const atMs = event.atMs ?? writtenAtMs;
      entries.push({ partition, epoch, sequence, atMs, event });
    });
  }
  return entries;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
