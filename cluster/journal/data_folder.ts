/**
 * The data folder: held by one process at a time, with an identity of its own
 * and a shape (`store_shape.ts`) that are fixed when it is created.
 *
 * `store.sqlite` names the store, so that a file from another one is noticed,
 * and its write lock is what take-overs of partitions queue at.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../actors/runtime/ports.ts";
import {
  checkStructure,
  exists,
  type FileKind,
  inTransaction,
  openExisting,
  openOrCreate,
  StoreError,
} from "./database.ts";
import { finishSwap, isSwapDecided, undoSwap } from "./file_swap.ts";
import { JOURNAL_FILE, journalPaths } from "./journal_file.ts";
import {
  mustBeShaped,
  readShape,
  type StoreShape,
  writeShape,
} from "./store_shape.ts";

/** What a store says of itself. */
export interface StoreIdentity extends StoreShape {
  readonly storeId: string;
  /** Wall time. */
  readonly createdAtMs: number;
}

/** A data folder that this process holds. */
export interface DataFolder extends StoreIdentity {
  readonly path: string;
  /** Lets the next process in. Close every file of the folder before. */
  close(): void;
}

/** How to open a data folder; its shape is a new store's or the old one's. */
export interface DataFolderOptions extends StoreShape {
  readonly clock: Clock;
  /** Names a new store; unlike any other. */
  readonly newStoreId: () => string;
  /** Resolves after that many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
  /** How long to wait for a process that is stopping. Default 10 s. */
  readonly waitMs?: number;
}

/** The identity of a store. */
export const STORE_FILE: FileKind = {
  what: "a store's identity",
  applicationId: "DbSt",
  format: 1,
  schema: `
    CREATE TABLE identity (
      partitions TEXT NOT NULL,
      created_at_ms INTEGER NOT NULL
    ) STRICT;
  `,
};

// The time in which a shop promises to have stopped after SIGTERM.
const WAIT_MS = 10_000;
// Short against the start of a shop, long against one try (20 µs).
const TRY_EVERY_MS = 50;

/**
 * Takes the folder, creating it when it is missing, and checks every file that
 * the shop cannot do without. Throws `StoreError`: in-use (names the pid),
 * unwritable, foreign, torn, newer, or mismatch for another shape.
 */
export async function openDataFolder(
  path: string,
  options: DataFolderOptions,
): Promise<DataFolder> {
  const lock = await takeLock(path, options);
  try {
    undoSwap(path);
    finishSwapAlone(path);
    const identity = openIdentity(path, options);
    for (const file of journalPaths(path)) checkStructure(file, JOURNAL_FILE);
    return { path, ...identity, close: () => lock.close() };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * Finishes a swap of files that was decided, if one was; the folder is held.
 * Whoever begins to read all files, as a backup does, takes the same lock.
 */
export function finishSwapAlone(path: string): void {
  if (!isSwapDecided(path)) return;
  const lock = openTakeOverLock(path);
  try {
    inTransaction(lock, () => finishSwap(path));
  } finally {
    lock.close();
  }
}

/** Whether a process holds the folder now; false when there is no folder. */
export function isHeld(folder: string): boolean {
  let file;
  try {
    file = Deno.openSync(`${folder}/lock`);
  } catch {
    return false;
  }
  try {
    return !file.tryLockSync(true);
  } finally {
    file.close();
  }
}

/** Reads who a store is, without holding its folder. */
export function readIdentity(folder: string): StoreIdentity {
  const { database, identity } = openStore(folder, true);
  database.close();
  return identity;
}

/** Opens `store.sqlite`; whoever holds its write lock may take over. */
export function openTakeOverLock(folder: string): DatabaseSync {
  return openStore(folder, false).database;
}

function openStore(folder: string, readOnly: boolean) {
  const path = `${folder}/store.sqlite`;
  // The identity is what is read here, so it cannot be demanded yet.
  const database = openExisting(path, STORE_FILE, { storeId: null, readOnly });
  const row = database.prepare(
    "SELECT store_id, partitions, created_at_ms FROM meta, identity",
  ).get();
  if (row === undefined) {
    database.close();
    throw new StoreError("torn", path, "a store's identity", "none");
  }
  const identity: StoreIdentity = {
    storeId: String(row.store_id),
    ...readShape(String(row.partitions)),
    createdAtMs: Number(row.created_at_ms),
  };
  return { database, identity };
}

function openIdentity(
  folder: string,
  options: DataFolderOptions,
): StoreIdentity {
  const path = `${folder}/store.sqlite`;
  if (!exists(path)) createIdentity(folder, options);
  checkStructure(path, STORE_FILE);
  const identity = readIdentity(folder);
  mustBeShaped(path, options, identity);
  return identity;
}

function createIdentity(folder: string, options: DataFolderOptions): void {
  const path = `${folder}/store.sqlite`;
  const [orphan] = journalPaths(folder);
  if (orphan !== undefined) {
    throw new StoreError("missing", path, `it beside ${orphan}`, "none");
  }
  const shape = writeShape(options).replaceAll("'", "''");
  const createdAtMs = Math.floor(options.clock.wallMs());
  const schema = `${STORE_FILE.schema}
    INSERT INTO identity VALUES ('${shape}', ${createdAtMs});`;
  const storeId = options.newStoreId();
  openOrCreate(path, { ...STORE_FILE, schema }, { storeId }).close();
}

/**
 * Takes the folder for this process, creating it when it is missing; closing
 * the file lets the next one in. Throws `StoreError`: in-use, unwritable.
 */
export async function takeLock(
  folder: string,
  options: Pick<DataFolderOptions, "clock" | "sleep" | "waitMs">,
): Promise<Deno.FsFile> {
  const { clock } = options;
  const path = `${folder}/lock`;
  const file = openLock(folder, path);
  const deadlineMs = clock.monotonicMs() + (options.waitMs ?? WAIT_MS);
  while (!file.tryLockSync(true)) {
    if (clock.monotonicMs() >= deadlineMs) {
      const pid = Deno.readTextFileSync(path).trim() || "unknown";
      file.close();
      throw new StoreError(
        "in-use",
        folder,
        "a data folder that no other process holds",
        `process ${pid} holding it`,
      );
    }
    await options.sleep(TRY_EVERY_MS);
  }
  file.truncateSync();
  file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
  return file;
}

function openLock(folder: string, path: string): Deno.FsFile {
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    return Deno.openSync(path, { read: true, write: true, create: true });
  } catch (error) {
    throw unwritable(folder, error as Error);
  }
}

function unwritable(folder: string, { message }: Error): StoreError {
  return new StoreError(
    "unwritable",
    folder,
    "a folder that this process can write",
    message.replaceAll(/\s+/g, " "),
  );
}

/**
 * The secret kept under `name` in the folder: what `drawBytes` gave on first
 * use, as base64url in a file of mode 0600. Throws `StoreError` when the file
 * is there but holds nothing.
 */
export function readOrCreateSecret(
  folder: string,
  name: string,
  drawBytes: () => Uint8Array,
): string {
  const path = `${folder}/${name}`;
  if (!exists(path)) createSecret(path, drawBytes());
  const secret = Deno.readTextFileSync(path).trim();
  if (secret === "") {
    throw new StoreError("torn", path, "a secret", "an empty file");
  }
  return secret;
}

function createSecret(path: string, bytes: Uint8Array): void {
  const secret = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  writeWhole(path, secret, `${path}.new`);
}

/**
 * Puts a secret that is kept elsewhere where a person finds it, creating the
 * folder when it is missing. Throws `StoreError` when that cannot be.
 */
export function writeSecret(
  folder: string,
  name: string,
  secret: string,
): void {
  const path = `${folder}/${name}`;
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Other processes may have the same folder.
    writeWhole(path, secret, `${path}.${Deno.pid}`);
  } catch (error) {
    throw unwritable(folder, error as Error);
  }
}

/** Written under another name first, so that nobody ever reads half of it. */
function writeWhole(path: string, secret: string, draft: string): void {
  const file = Deno.openSync(draft, {
    write: true,
    create: true,
    truncate: true,
    mode: 0o600,
  });
  try {
    // The mode above does not change a draft that a crash has left behind.
    Deno.chmodSync(draft, 0o600);
    file.writeSync(new TextEncoder().encode(`${secret}\n`));
    file.syncSync();
  } finally {
    file.close();
  }
  Deno.renameSync(draft, path);
}
