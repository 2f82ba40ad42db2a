/**
 * The SQLite files of a data folder: how one is created, recognized, opened
 * and checked, and what an error of SQLite means for a caller.
 *
 * A file appears under its name only when it is complete, carries in its
 * header what it is and for which store, and is looked at before SQLite may
 * write to it: a torn, foreign or newer file is refused in one line, unchanged.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";

/** Why a store, in a data folder or on a server, cannot be used. */
export type StoreFault =
  /** Another process holds the folder, or changes the tables. */
  | "in-use"
  /** The server does not answer, or takes no connections. */
  | "unreachable"
  /** The server does not let this user in. */
  | "refused"
  /** The server is of a kind or age that cannot carry a store. */
  | "unfit"
  /** It cannot be read or written by this process. */
  | "unwritable"
  /** Something that must be there is not. */
  | "missing"
  /** It belongs to another program or another store. */
  | "foreign"
  /** It is incomplete, or its parts contradict one another. */
  | "torn"
  /** A later release wrote it. */
  | "newer"
  /** It was created with other partition counts. */
  | "mismatch";

/** A store that cannot be used; the message is one line for a person. */
export class StoreError extends Error {
  override readonly name = "StoreError";

  /** `expected` and `found` complete a sentence about `path`. */
  constructor(
    readonly fault: StoreFault,
    readonly path: string,
    expected: string,
    found: string,
  ) {
    super(`Cannot use "${path}": expected ${expected}, found ${found}`);
  }
}

/** One kind of file in a data folder. */
export interface FileKind {
  /** What it is, for messages: "a journal". */
  readonly what: string;
  /** Four ASCII letters that SQLite keeps in the header for `file`(1). */
  readonly applicationId: string;
  /** Grows when the schema changes; a file above it is newer than we are. */
  readonly format: number;
  /** The tables besides `meta`. */
  readonly schema: string;
}

/** How to open a file. */
export interface OpenOptions {
  /** The store that the file must belong to; null: any. */
  readonly storeId: string | null;
  readonly readOnly?: boolean;
  /**
   * NORMAL: a commit may be lost with the power. A cache may be; a journal
   * brings its commits to the disk itself.
   */
  readonly synchronous?: "FULL" | "NORMAL";
}

// Writers hold a file for one commit, a take-over for a few; 5 s is far above
// both and leaves half of the 10 s in which a shop must have stopped.
const BUSY_TIMEOUT_MS = 5_000;

// "SQLite format 3\0", then fields at fixed offsets: sqlite.org/fileformat.html
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";

/** Opens a file of `kind`, creating it first when it is not there. */
export function openOrCreate(
  path: string,
  kind: FileKind,
  options: OpenOptions & { readonly storeId: string },
): DatabaseSync {
  if (!exists(path)) create(path, kind, options.storeId);
  return openExisting(path, kind, options);
}

/** Opens a file of `kind`. Throws `StoreError` when it is not one of ours. */
export function openExisting(
  path: string,
  kind: FileKind,
  options: OpenOptions,
): DatabaseSync {
  inspectHeader(path, kind);
  const database = new DatabaseSync(path, {
    readOnly: options.readOnly ?? false,
    timeout: BUSY_TIMEOUT_MS,
  });
  try {
    database.exec(`PRAGMA synchronous = ${options.synchronous ?? "FULL"}`);
    const storeId = database.prepare("SELECT store_id FROM meta").get()
      ?.store_id;
    if (options.storeId !== null && storeId !== options.storeId) {
      throw new StoreError(
        "foreign",
        path,
        `${kind.what} of store ${options.storeId}`,
        `one of store ${storeId}`,
      );
    }
    return database;
  } catch (error) {
    database.close();
    throw asStoreError(error, path);
  }
}

/**
 * A connection more to a file that this process has open already. The header
 * is not looked at: closing any descriptor of a file takes away every lock
 * that the process has on it (sqlite.org/howtocorrupt.html, 2.2), and whoever
 * stops then would take the log away under a reader.
 */
export function openAgain(path: string, timeoutMs: number): DatabaseSync {
  return new DatabaseSync(path, { timeout: timeoutMs });
}

/** True when something is there under that name. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Refuses what is not a whole file of `kind` by its first 100 bytes and its
 * length. Reads only.
 */
export function inspectHeader(path: string, kind: FileKind): void {
  const { header, size } = readHeader(path, kind);
  const refuse = (fault: StoreFault, expected: string, found: string) => {
    throw new StoreError(fault, path, expected, found);
  };
  if (header.length < HEADER_BYTES) {
    refuse("torn", kind.what, `a file of ${size} bytes`);
  }
  const text = new TextDecoder("latin1").decode(header);
  if (!text.startsWith(MAGIC)) {
    refuse("foreign", kind.what, "a file that is not SQLite's");
  }
  const applicationId = text.slice(68, 72);
  if (applicationId !== kind.applicationId) {
    const found = JSON.stringify(applicationId);
    refuse("foreign", kind.what, `an SQLite file with application id ${found}`);
  }
  const view = new DataView(header.buffer);
  const format = view.getUint32(60);
  if (format > kind.format) {
    refuse("newer", `format ${kind.format} or older`, `format ${format}`);
  }
  // A page size of 65,536 is written as 1. Without a write-ahead log nothing
  // can make up for pages that are missing at the end.
  const pageBytes = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16);
  const expectedBytes = pageBytes * view.getUint32(28);
  if (size < expectedBytes && !exists(`${path}-wal`)) {
    refuse("torn", `${expectedBytes} bytes`, `${size} bytes`);
  }
}

/**
 * Lets SQLite walk the file's pages (about 0.6 s per GB when cached). Throws
 * `StoreError` when their structure is broken. Reads only.
 */
export function checkStructure(path: string, kind: FileKind): void {
  inspectHeader(path, kind);
  const database = new DatabaseSync(path, {
    readOnly: true,
    timeout: BUSY_TIMEOUT_MS,
  });
  try {
    const found = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
    if (found === "ok") return;
    throw new StoreError("torn", path, "sound pages", oneLine(found));
  } catch (error) {
    throw asStoreError(error, path);
  } finally {
    database.close();
  }
}

/** What an error of SQLite says about the transaction that it ended. */
export type Failure =
  /** Nothing was written; trying again can help. */
  | "unavailable"
  /** The commit may be on disk. */
  | "unknown"
  /** The file is damaged. */
  | "corrupt"
  /** Not an error of SQLite, or a mistake of ours. */
  | "bug";

// Result codes, sqlite.org/rescode.html; extended codes carry the primary one
// in their low byte.
const CODES_UNAVAILABLE: ReadonlySet<number> = new Set([
  5, // BUSY
  6, // LOCKED
  7, // NOMEM
  8, // READONLY
  10, // IOERR
  13, // FULL
  14, // CANTOPEN
]);
const CODES_CORRUPT: ReadonlySet<number> = new Set([11, 26]); // CORRUPT, NOTADB
// `exec` and the constructor throw without a code; these are the texts of
// sqlite3_errstr() for the codes above that a machine gives.
const CODES_BY_TEXT: ReadonlyMap<unknown, number> = new Map([
  ["attempt to write a readonly database", 8],
  ["disk I/O error", 10],
  ["database or disk is full", 13],
  ["unable to open database file", 14],
]);
const IOERR = 10;
// A log frame whose write was refused fails its checksum, so the commit does
// not count: as with a full disk, nothing was written.
const IOERR_WRITE = 778;

/** Judges an error thrown while a transaction ran or was committed. */
export function failureOf(error: unknown, duringCommit = false): Failure {
  const { errcode, message } = Object(error);
  const code = errcode ?? CODES_BY_TEXT.get(message);
  if (typeof code !== "number") return "bug";
  const primary = code & 0xff;
  if (CODES_CORRUPT.has(primary)) return "corrupt";
  if (!CODES_UNAVAILABLE.has(primary)) return "bug";
  // The frames may have reached the disk although syncing them failed.
  const doubtful = duringCommit && primary === IOERR && code !== IOERR_WRITE;
  return doubtful ? "unknown" : "unavailable";
}

/** Turns what SQLite says of a damaged file into a `StoreError`. */
export function asStoreError(error: unknown, path: string): unknown {
  if (error instanceof StoreError || failureOf(error) !== "corrupt") {
    return error;
  }
  const found = oneLine((error as Error).message);
  return new StoreError("torn", path, "sound pages", found);
}

/** Runs `work` in one write transaction; an exception rolls it back. */
export function inTransaction<Result>(
  database: DatabaseSync,
  work: () => Result,
): Result {
  database.prepare("BEGIN IMMEDIATE").run();
  try {
    const result = work();
    database.prepare("COMMIT").run();
    return result;
  } catch (error) {
    // A full disk has already rolled back.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** Writes the file under another name first, so that it appears whole. */
function create(path: string, kind: FileKind, storeId: string): void {
  const draft = `${path}.new`;
  removeIfThere(draft);
  const database = new DatabaseSync(draft);
  try {
    const id = new DataView(new TextEncoder().encode(kind.applicationId).buffer)
      .getInt32(0);
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA application_id = ${id};
      PRAGMA user_version = ${kind.format};
      CREATE TABLE meta (store_id TEXT NOT NULL) STRICT;
      ${kind.schema}
    `);
    database.prepare("INSERT INTO meta VALUES (?)").run(storeId);
  } finally {
    // The last connection moves the log into the file and syncs it.
    database.close();
  }
  Deno.renameSync(draft, path);
}

function readHeader(path: string, kind: FileKind) {
  let file;
  try {
    file = Deno.openSync(path);
  } catch (error) {
    const fault = error instanceof Deno.errors.NotFound
      ? "missing"
      : "unwritable";
    const found = oneLine((error as Error).message);
    throw new StoreError(fault, path, kind.what, found);
  }
  try {
    const header = new Uint8Array(HEADER_BYTES);
    const length = file.readSync(header) ?? 0;
    return { header: header.slice(0, length), size: file.statSync().size };
  } finally {
    file.close();
  }
}

/** Removes a file, if it is there. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What was said, as a part of one line. */
export function oneLine(text: unknown): string {
  return String(text).replaceAll(/\s+/g, " ").slice(0, 200);
}
