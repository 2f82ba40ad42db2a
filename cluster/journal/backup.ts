/**
 * A backup of a data folder: copies of all its files as they stood at one
 * instant, and a list of them. The shop may run meanwhile.
 *
 * A purchase spans files: its order in one, its hold in another, its money in
 * the ledger. Files copied one after the other could have the sale without the
 * order, which no crash can leave and no recovery expects. So for a moment all
 * files are locked against writing, each is pinned as it stands by a read
 * transaction, and all are let go; then the pinned states are copied at
 * leisure. What is copied is what a power cut at that instant would have left,
 * and from that the shop recovers at every start.
 *
 * @module
 */
import { backup, type DatabaseSync } from "node:sqlite";
import { z } from "zod";
import type { Clock } from "../../actors/runtime/ports.ts";
import { readIdentity } from "./data_folder.ts";
import {
  failureOf,
  oneLine,
  openAgain,
  openExisting,
  StoreError,
} from "./database.ts";
import { IDENTITY, kindOf, type StoreFile, storeFiles } from "./store_files.ts";
import { digestOf, writeDurably } from "./whole_file.ts";

/** The list of a backup, written last: without it there is none. */
export const LIST_NAME = "backup.json";

// What cannot be locked in a second is not in a commit but stuck, and all the
// others are kept waiting for it. A commit takes milliseconds.
const LOCK_WITHIN_MS = 1_000;

// SQLite's own default; between two steps the process can do something else.
const PAGES_PER_STEP = 100;

const listSchema = z.strictObject({
  format: z.literal(1),
  storeId: z.string(),
  takenAt: z.iso.datetime(),
  files: z.array(z.strictObject({
    name: z.string().refine((name) => kindOf(name) !== null),
    bytes: z.int().positive(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  })).min(1),
});

/** What a backup says of itself. */
export type BackupList = z.infer<typeof listSchema>;

/** How a backup is taken. */
export interface BackupOptions {
  /** The data folder. */
  readonly from: string;
  /** Missing or empty; made for its owner alone. */
  readonly into: string;
  readonly clock: Clock;
  /** How long to wait for a file that is locked. Default 1 s. */
  readonly lockWithinMs?: number;
  /** Told now and then how far the copies are. */
  readonly progress: (doneBytes: number, totalBytes: number) => void;
}

/** What was taken. */
export interface BackupReport extends BackupList {
  /** How long no commit was possible. */
  readonly pausedMs: number;
}

/** One file, held as it stood at the instant. */
interface Pinned extends StoreFile {
  readonly database: DatabaseSync;
  readonly bytes: number;
}

/**
 * Takes a backup. Throws `StoreError` when there is no store, a file cannot be
 * locked, or the target is in use; a target without its list is no backup.
 */
export async function takeBackup(
  options: BackupOptions,
): Promise<BackupReport> {
  const { from, into, progress } = options;
  const { storeId } = readIdentity(from);
  makeEmptyFolder(into);
  const { pinned, atMs, pausedMs } = pin(options, storeId);
  const totalBytes = pinned.reduce((sum, { bytes }) => sum + bytes, 0);
  const files = [];
  let doneBytes = 0;
  try {
    for (const { name, database, bytes } of pinned) {
      const path = `${into}/${name}`;
      progress(doneBytes, totalBytes);
      await copy(database, path, (part) => {
        progress(doneBytes + part * bytes, totalBytes);
      });
      doneBytes += bytes;
      files.push({ name, ...digestOf(path) });
    }
  } catch (error) {
    throw asDiskError(error, into);
  } finally {
    for (const { database } of pinned) database.close();
  }
  const takenAt = new Date(atMs).toISOString();
  const list: BackupList = { format: 1, storeId, takenAt, files };
  writeDurably(into, LIST_NAME, `${JSON.stringify(list, null, 2)}\n`);
  return { ...list, pausedMs };
}

/** The list of a backup. Throws `StoreError` when the folder is none. */
export function readList(folder: string): BackupList {
  const path = `${folder}/${LIST_NAME}`;
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    const found = oneLine((error as Error).message);
    throw new StoreError("missing", path, "the list of a backup", found);
  }
  try {
    return listSchema.parse(JSON.parse(text));
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : [];
    const found = issue === undefined
      ? "no JSON"
      : oneLine(`at "${issue.path.join(".")}": ${issue.message}`);
    throw new StoreError("torn", path, "the list of a backup", found);
  }
}

/**
 * All files as they stand at one instant. The identity's lock comes first, as
 * in a take-over: from then on no domain begins a file that is not seen here,
 * and nobody waits in a circle.
 */
function pin(
  { from, clock, lockWithinMs = LOCK_WITHIN_MS }: BackupOptions,
  storeId: string,
) {
  const pinned: Pinned[] = [];
  const writers: DatabaseSync[] = [];
  const open = ({ name, kind }: StoreFile) => {
    const path = `${from}/${name}`;
    const database = openExisting(path, kind, { storeId, readOnly: true });
    pinned.push({ name, kind, database, bytes: Deno.statSync(path).size });
    writers.push(openAgain(path, lockWithinMs));
  };
  try {
    open(IDENTITY);
    lockForWriting(writers[0]!);
    storeFiles(from).filter(({ name }) => name !== IDENTITY.name).forEach(open);
    const startedMs = clock.monotonicMs();
    writers.slice(1).forEach(lockForWriting);
    for (const { database } of pinned) {
      database.exec("BEGIN");
      // Only the first read chooses what the transaction sees.
      database.prepare("SELECT store_id FROM meta").get();
    }
    const atMs = Math.floor(clock.wallMs());
    for (const writer of writers) writer.exec("ROLLBACK");
    return { pinned, atMs, pausedMs: clock.monotonicMs() - startedMs };
  } catch (error) {
    for (const { database } of pinned) database.close();
    throw asDiskError(error, from);
  } finally {
    for (const writer of writers) writer.close();
  }
}

function lockForWriting(database: DatabaseSync): void {
  // `exec` would throw without the code that says why.
  database.prepare("BEGIN IMMEDIATE").run();
}

async function copy(
  database: DatabaseSync,
  path: string,
  progress: (part: number) => void,
): Promise<void> {
  await backup(database, path, {
    rate: PAGES_PER_STEP,
    progress: ({ totalPages, remainingPages }) =>
      progress((totalPages - remainingPages) / totalPages),
  });
}

/** Makes the folder, or takes one in which nothing is. */
function makeEmptyFolder(path: string): void {
  const expected = "a folder that is empty or not there";
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    const [first] = Deno.readDirSync(path);
    if (first === undefined) return;
    throw new StoreError("in-use", path, expected, `"${first.name}" in it`);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const found = oneLine((error as Error).message);
    throw new StoreError("unwritable", path, expected, found);
  }
}

/** What the disk or a lock refused, as one line; a bug stays a bug. */
function asDiskError(error: unknown, path: string): unknown {
  if (error instanceof StoreError || failureOf(error) === "bug") return error;
  const found = oneLine((error as Error).message);
  const expected = "room, and files that can be locked";
  return new StoreError("unwritable", path, expected, found);
}
