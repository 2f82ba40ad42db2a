/**
 * Several files of a data folder replaced by others, all or none. The new ones
 * are made in a folder beside them; giving that folder its final name decides,
 * and what follows can be done again after any crash. The caller holds the
 * data folder.
 *
 * @module
 */
import { exists, removeIfThere } from "./database.ts";
import { syncFolder } from "./whole_file.ts";

/** Files under way; nothing is decided. */
const draftOf = (folder: string) => `${folder}/replacing`;
/** Files that take the place of those of the same name, whatever happens. */
const decidedOf = (folder: string) => `${folder}/replaced`;

/** An empty folder for the new files. */
export function beginSwap(folder: string): string {
  undoSwap(folder);
  Deno.mkdirSync(draftOf(folder), { mode: 0o700 });
  return draftOf(folder);
}

/** Takes back what was begun and not decided. */
export function undoSwap(folder: string): void {
  if (!exists(draftOf(folder))) return;
  Deno.removeSync(draftOf(folder), { recursive: true });
}

/** Decides. The files must be closed; SQLite has then brought them to disk. */
export function decideSwap(folder: string): void {
  syncFolder(draftOf(folder));
  Deno.renameSync(draftOf(folder), decidedOf(folder));
  syncFolder(folder);
}

/** Whether a swap was decided and is not done. */
export function isSwapDecided(folder: string): boolean {
  return exists(decidedOf(folder));
}

/**
 * Does what was decided. Snapshots name rows of the files that were, so they
 * go first; so does the log of each old file, which would be taken for the new
 * one's.
 */
export function finishSwap(folder: string): void {
  for (const end of ["", "-wal", "-shm"]) {
    removeIfThere(`${folder}/snapshots.sqlite${end}`);
  }
  for (const { name } of Deno.readDirSync(decidedOf(folder))) {
    for (const end of ["-wal", "-shm"]) {
      removeIfThere(`${folder}/${name}${end}`);
    }
    Deno.renameSync(`${decidedOf(folder)}/${name}`, `${folder}/${name}`);
  }
  syncFolder(folder);
  Deno.removeSync(decidedOf(folder));
}
