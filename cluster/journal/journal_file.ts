/**
 * A journal file: one for each commit domain, all in the data folder. A row
 * holds what one commit added to one partition; rows are appended and never
 * changed. There is no index: a partition is found by a scan, which costs less
 * at a start than an index costs at every commit (ADR 2).
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import {
  asStoreError,
  type FileKind,
  openExisting,
  StoreError,
} from "./database.ts";

/** How the events of a row are written. 1: a JSON array. */
export const EVENTS_VERSION = 1;

/**
 * Rows of this version stand for events that were archived: `event_count` says
 * how many those were, and the JSON array has the fewer that are folded instead.
 */
export const CARRIED_VERSION = 2;

/** The journal of one commit domain. */
export const JOURNAL_FILE: FileKind = {
  what: "a journal",
  applicationId: "DbJr",
  format: 1,
  // `owned_here`: this file's domain has owned the partition at some time, so
  // only then can the file hold events of it.
  schema: `
    CREATE TABLE owners (
      id INTEGER PRIMARY KEY,
      partition TEXT NOT NULL UNIQUE,
      epoch INTEGER NOT NULL,
      owned_here INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE events (
      row INTEGER PRIMARY KEY,
      partition INTEGER NOT NULL REFERENCES owners (id),
      epoch INTEGER NOT NULL,
      first_sequence INTEGER NOT NULL,
      event_count INTEGER NOT NULL,
      written_at_ms INTEGER NOT NULL,
      version INTEGER NOT NULL,
      events TEXT NOT NULL
    ) STRICT;
  `,
};

/** What the journal of a domain is called. */
export const JOURNAL_NAME = /^journal-([a-z][a-z0-9-]*)\.sqlite$/;

/** What a file of archived rows is called, by its making and its period. */
export const ARCHIVE_NAME =
  /^archive-\d{8}T\d{9}Z(-[a-z0-9][a-z0-9-]*)?\.sqlite$/;

/** Where the journal of a domain is. Throws for a name unfit for a file. */
export function journalPath(folder: string, domain: string): string {
  const name = `journal-${domain}.sqlite`;
  if (!JOURNAL_NAME.test(name)) {
    throw new TypeError(
      `Cannot open a journal as its domain must be lower-case letters, ` +
        `digits and "-": current value is "${domain}"`,
    );
  }
  return `${folder}/${name}`;
}

/**
 * What the file of the rows of a period is called, or with null that of rows
 * that are in none. Throws for a name unfit for a file.
 */
export function archiveName(nowMs: number, period: string | null): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:.]/g, "");
  const name = `archive-${time}${period === null ? "" : `-${period}`}.sqlite`;
  if (ARCHIVE_NAME.test(name)) return name;
  throw new TypeError(
    `Cannot name an archive as its period must be lower-case letters, digits ` +
      `and "-": current value is "${period}"`,
  );
}

/** Every journal file of the folder, in order of name. */
export function journalPaths(folder: string): readonly string[] {
  return pathsOf(folder, JOURNAL_NAME);
}

/** Every file of archived rows, the oldest first. */
export function archivePaths(folder: string): readonly string[] {
  return pathsOf(folder, ARCHIVE_NAME);
}

function pathsOf(folder: string, name: RegExp): readonly string[] {
  return [...Deno.readDirSync(folder)].filter((entry) => name.test(entry.name))
    .map((entry) => `${folder}/${entry.name}`).sort();
}

/**
 * The log of a journal file (SQLite's WAL), into which every commit goes first;
 * null while nobody has the file open. It is another file than the one that
 * SQLite locks, so closing it frees no lock. To be closed by the caller.
 */
export function openLog(path: string): Deno.FsFile | null {
  try {
    return Deno.openSync(`${path}-wal`, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** One row: what one commit added to one partition. */
export interface JournalRow {
  readonly row: number;
  readonly partition: string;
  readonly epoch: number;
  readonly firstSequence: number;
  readonly eventCount: number;
  /** Wall time of the commit. */
  readonly writtenAtMs: number;
  readonly version: number;
  /** As `version` says. */
  readonly events: string;
}

/** The events of a row. Throws `StoreError` when they are not as announced. */
export function eventsOf(row: JournalRow, path: string): JournalEvent[] {
  const found = (text: string) => `${text} in row ${row.row}`;
  if (row.version > CARRIED_VERSION) {
    throw new StoreError(
      "newer",
      path,
      `events of version ${CARRIED_VERSION} or older`,
      found(`version ${row.version}`),
    );
  }
  let events: unknown;
  try {
    events = JSON.parse(row.events);
  } catch {
    throw new StoreError("torn", path, "JSON", found("something else"));
  }
  const isCarried = row.version === CARRIED_VERSION;
  if (
    !Array.isArray(events) || !isCarried && events.length !== row.eventCount
  ) {
    const expected = `${row.eventCount} events`;
    throw new StoreError("torn", path, expected, found("another number"));
  }
  return events;
}

// A row of a busy shop holds some kilobytes: a chunk is about a megabyte, and
// no read transaction stays open long enough to keep the log from shrinking.
const CHUNK_ROWS = 256;

/** Narrows rows down: a condition in SQL on the one parameter `?2`. */
export interface RowFilter {
  readonly sql: string;
  readonly value: string;
}

/**
 * Reads the rows of some partitions of one file, in the order written. What it
 * hands over is on disk, also when its writer has not come to that yet.
 */
export class JournalReader {
  readonly #database: DatabaseSync;
  readonly #names: ReadonlyMap<number, string>;
  readonly #sql: string;
  #chunk: readonly unknown[][] = [];
  #next = 0;
  #position: number;
  readonly #end: number;
  #current: JournalRow | null = null;

  /**
   * Starts behind row `afterRow` and ends at the row that is now the newest;
   * `partitions` null: all.
   */
  constructor(
    readonly path: string,
    storeId: string,
    partitions: ReadonlySet<string> | null,
    afterRow: number,
    readonly where: RowFilter | null = null,
  ) {
    this.#position = afterRow;
    this.#database = openExisting(path, JOURNAL_FILE, {
      storeId,
      readOnly: true,
    });
    try {
      this.#names = this.#ownedHere(partitions);
      this.#end = this.#newestRow();
      syncLog(path);
    } catch (error) {
      this.#database.close();
      throw asStoreError(error, path);
    }
    const ids = [...this.#names.keys()].join(", ");
    this.#sql = `
      SELECT row, partition, epoch, first_sequence, event_count,
        written_at_ms, version, events
      FROM events WHERE row > ?1 AND row <= ${this.#end}
        AND partition IN (${ids})
        ${where === null ? "" : `AND ${where.sql}`}
      ORDER BY row LIMIT ${CHUNK_ROWS}`;
  }

  /** The row at which the reader stands; null at the end. */
  get current(): JournalRow | null {
    return this.#current;
  }

  /** The file's name in its folder. */
  get name(): string {
    return this.path.slice(this.path.lastIndexOf("/") + 1);
  }

  /** Every row of these partitions up to this one was passed. */
  get position(): number {
    return this.#position;
  }

  /** Goes to the next row. Throws `StoreError` on a damaged file. */
  advance(): void {
    if (this.#current !== null) this.#position = this.#current.row;
    if (this.#next === this.#chunk.length) this.#readChunk();
    const found = this.#chunk[this.#next++];
    this.#current = found === undefined ? null : this.#rowOf(found);
    if (this.#current === null) {
      this.#position = Math.max(this.#position, this.#end);
    }
  }

  close(): void {
    this.#database.close();
  }

  #ownedHere(partitions: ReadonlySet<string> | null) {
    const names = new Map<number, string>();
    const owners = this.#database.prepare(
      "SELECT id, partition FROM owners WHERE owned_here = 1",
    ).all();
    for (const owner of owners) {
      const name = String(owner.partition);
      if (partitions === null || partitions.has(name)) {
        names.set(Number(owner.id), name);
      }
    }
    return names;
  }

  #newestRow(): number {
    const sql = "SELECT max(row) AS row FROM events";
    return Number(this.#database.prepare(sql).get()?.row ?? 0);
  }

  #readChunk(): void {
    this.#next = 0;
    this.#chunk = [];
    if (this.#names.size === 0) return;
    try {
      const statement = this.#database.prepare(this.#sql);
      const values = this.where === null ? [] : [this.where.value];
      asArrays(statement);
      const rows: unknown = statement.all(this.#position, ...values);
      this.#chunk = rows as unknown[][];
    } catch (error) {
      throw asStoreError(error, this.path);
    }
  }

  #rowOf(cells: readonly unknown[]): JournalRow {
    return {
      row: cells[0] as number,
      partition: this.#names.get(cells[1] as number)!,
      epoch: cells[2] as number,
      firstSequence: cells[3] as number,
      eventCount: cells[4] as number,
      writtenAtMs: cells[5] as number,
      version: cells[6] as number,
      events: cells[7] as string,
    };
  }
}

/** Asks for rows as arrays: a third less time than an object for each. */
function asArrays(statement: StatementSync): void {
  // Deno has the method, its types do not.
  (statement as unknown as { setReturnArrays(on: boolean): void })
    .setReturnArrays(true);
}

function syncLog(path: string): void {
  const log = openLog(path);
  if (log === null) return;
  try {
    log.syncDataSync();
  } finally {
    log.close();
  }
}
