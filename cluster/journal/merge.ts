/**
 * Reads partitions out of several journal files at once, each partition in
 * order of its sequence, and keeps no more than a chunk of each file.
 *
 * A partition moves between files only by a take-over, and an owner reads
 * before it writes, so the rows of all files have one order in time that is
 * right for every partition. Therefore a file whose next row must wait is
 * simply left for another: the oldest unread row never waits. When all wait,
 * a row is missing.
 *
 * @module
 */
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import { StoreError } from "./database.ts";
import { eventsOf, JournalReader, type JournalRow } from "./journal_file.ts";

/** How far each file was read: name → row. */
export type Positions = Readonly<Record<string, number>>;

/** How far one partition was read. */
export interface Progress {
  epoch: number;
  sequence: number;
  /** Events up to here came as a snapshot; rows of them are passed over. */
  readonly snapshotSequence: number;
  readonly event: (event: JournalEvent) => void;
  /** A row came that is not older than `beforeMs`: nothing more is read. */
  isCut?: boolean;
}

/** What a read saw. */
export interface Merged {
  readonly rows: number;
  readonly events: number;
  /** Every row up to these was handed over. */
  readonly positions: Positions;
}

/** What to read. */
export interface MergeSource {
  readonly storeId: string;
  readonly paths: readonly string[];
  /** Where to start in a file; 0 when it is not named. */
  readonly after: Positions;
  /**
   * True when nobody can append to the partitions meanwhile: then a missing
   * row is an error. Else the read ends before it: its file was read earlier
   * than the one with the row that follows it.
   */
  readonly isQuiet: boolean;
  /**
   * Reads each partition up to its first row that was written at this wall
   * time or later. Default: all.
   */
  readonly beforeMs?: number;
}

/**
 * Hands the events of all partitions over, each in order. Throws `StoreError`
 * for a gap, a duplicate or a damaged row.
 */
export function merge(
  source: MergeSource,
  partitions: ReadonlyMap<string, Progress>,
): Merged {
  const names = new Set(partitions.keys());
  const readers: JournalReader[] = [];
  try {
    for (const path of source.paths) {
      const name = path.slice(path.lastIndexOf("/") + 1);
      const after = source.after[name] ?? 0;
      readers.push(new JournalReader(path, source.storeId, names, after));
    }
    const counts = drainAll(readers, partitions, source);
    const positions = readers.map((each) => [each.name, each.position]);
    return { ...counts, positions: Object.fromEntries(positions) };
  } finally {
    for (const reader of readers) reader.close();
  }
}

function drainAll(
  readers: readonly JournalReader[],
  partitions: ReadonlyMap<string, Progress>,
  { isQuiet, beforeMs = Infinity }: MergeSource,
): { rows: number; events: number } {
  const total = { rows: 0, events: 0 };
  for (const reader of readers) reader.advance();
  let waiting = readers.filter((each) => each.current !== null);
  while (waiting.length > 0) {
    let moved = false;
    for (const reader of waiting) {
      moved = drain(reader, partitions, beforeMs, total) || moved;
    }
    if (!moved && isQuiet) throw gap(waiting[0]!, partitions);
    if (!moved) break;
    waiting = waiting.filter((each) => each.current !== null);
  }
  return total;
}

/**
 * Hands over the rows of one file until one has to wait for another file.
 *
 * @returns Whether it passed a row.
 */
function drain(
  reader: JournalReader,
  partitions: ReadonlyMap<string, Progress>,
  beforeMs: number,
  total: { rows: number; events: number },
): boolean {
  let moved = false;
  for (let row = reader.current; row !== null; row = reader.current) {
    const progress = partitions.get(row.partition)!;
    const last = row.firstSequence + row.eventCount - 1;
    if (last > progress.snapshotSequence && !progress.isCut) {
      if (row.firstSequence > progress.sequence + 1) break;
      if (row.firstSequence <= progress.sequence) {
        throw refusal(reader, row, `sequence ${progress.sequence + 1}`);
      }
      if (row.epoch < progress.epoch) {
        throw refusal(reader, row, `epoch ${progress.epoch}`);
      }
      if (row.writtenAtMs < beforeMs) handOver(reader, row, progress, total);
      else progress.isCut = true;
    }
    reader.advance();
    moved = true;
  }
  return moved;
}

function handOver(
  reader: JournalReader,
  row: JournalRow,
  progress: Progress,
  total: { rows: number; events: number },
): void {
  const { event } = progress;
  const events = eventsOf(row, reader.path);
  for (const each of events) event(each);
  progress.epoch = row.epoch;
  progress.sequence = row.firstSequence + row.eventCount - 1;
  total.rows++;
  total.events += events.length;
}

function gap(
  reader: JournalReader,
  partitions: ReadonlyMap<string, Progress>,
): StoreError {
  const row = reader.current!;
  const { sequence } = partitions.get(row.partition)!;
  return refusal(reader, row, `sequence ${sequence + 1}`);
}

function refusal(
  reader: JournalReader,
  row: JournalRow,
  expected: string,
): StoreError {
  return new StoreError(
    "torn",
    reader.path,
    `${expected} of ${row.partition}`,
    `epoch ${row.epoch}, sequence ${row.firstSequence} in row ${row.row}`,
  );
}
