/**
 * Puts a backup into an empty data folder. Every file is compared with the
 * backup's list before any appears under its name, and the identity comes
 * last: a shop refuses a folder in which a restore was cut short.
 *
 * @module
 */
import type { Clock } from "../../actors/runtime/ports.ts";
import { type BackupList, readList } from "./backup.ts";
import { takeLock } from "./data_folder.ts";
import { removeIfThere, StoreError } from "./database.ts";
import { IDENTITY } from "./store_files.ts";
import { copyDurably, syncFolder } from "./whole_file.ts";

/** What is restored, and where to. */
export interface RestoreOptions {
  /** The backup. */
  readonly from: string;
  /** The data folder, empty or not there. */
  readonly into: string;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  /** Told after each file how far it is. */
  readonly progress: (doneBytes: number, totalBytes: number) => void;
}

/** The file that holding a folder leaves in it. */
const LOCK_NAME = "lock";

/**
 * Restores a backup. Throws `StoreError` when it is not whole, or the data
 * folder is held or not empty; the folder is then as it was.
 */
export async function restoreBackup(
  options: RestoreOptions,
): Promise<BackupList> {
  const { from, into, clock, sleep } = options;
  const list = readList(from);
  const lock = await takeLock(into, { clock, sleep, waitMs: 0 });
  try {
    refuseUnlessEmpty(into);
    copyAll(list, options);
    // Sorted so that the identity is the last to appear.
    const names = list.files.map(({ name }) => name)
      .sort((a, b) =>
        Number(a === IDENTITY.name) - Number(b === IDENTITY.name)
      );
    for (const name of names) {
      Deno.renameSync(draftOf(into, name), `${into}/${name}`);
    }
    syncFolder(into);
    return list;
  } finally {
    lock.close();
  }
}

function refuseUnlessEmpty(folder: string): void {
  for (const { name } of Deno.readDirSync(folder)) {
    if (name === LOCK_NAME) continue;
    const expected = "a data folder that is empty or not there";
    throw new StoreError("in-use", folder, expected, `"${name}" in it`);
  }
}

function copyAll(
  { files }: BackupList,
  { from, into, progress }: RestoreOptions,
): void {
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  try {
    for (const { name, bytes, sha256 } of files) {
      const found = copyDurably(`${from}/${name}`, draftOf(into, name));
      if (found.bytes !== bytes || found.sha256 !== sha256) {
        const expected = `${bytes} bytes with the checksum of the list`;
        const other = found.bytes === bytes ? "another one" : found.bytes;
        throw new StoreError("torn", `${from}/${name}`, expected, `${other}`);
      }
      doneBytes += bytes;
      progress(doneBytes, totalBytes);
    }
  } catch (error) {
    for (const { name } of files) removeIfThere(draftOf(into, name));
    throw error;
  }
}

function draftOf(folder: string, name: string): string {
  return `${folder}/${name}.new`;
}
