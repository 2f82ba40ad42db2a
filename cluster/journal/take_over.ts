/**
 * Taking partitions over: a higher epoch for each, in every journal file,
 * before anything is read. From then on every earlier owner is refused by the
 * statement that appends (ADR 2).
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { openTakeOverLock } from "./data_folder.ts";
import { inTransaction, openExisting } from "./database.ts";
import { JOURNAL_FILE, journalPaths } from "./journal_file.ts";

/** The file of the domain that takes over, among those of its folder. */
export interface OwnFile {
  readonly folder: string;
  readonly storeId: string;
  readonly path: string;
  readonly database: DatabaseSync;
}

/**
 * Writes a new epoch for each partition into every file and returns them. The
 * lock lets one take-over at a time choose epochs, else two could choose the
 * same. Whoever holds it waits only for single commits, so nobody waits in a
 * circle. Throws what SQLite throws, and `StoreError` for a file that is no
 * journal of this store.
 */
export function takeOver(
  partitions: readonly string[],
  own: OwnFile,
): ReadonlyMap<string, number> {
  const lock = openTakeOverLock(own.folder);
  try {
    return inTransaction(lock, () => {
      const files = journalPaths(own.folder).map((path) => ({
        isOwn: path === own.path,
        database: path === own.path
          ? own.database
          : openExisting(path, JOURNAL_FILE, { storeId: own.storeId }),
      }));
      try {
        const databases = files.map(({ database }) => database);
        const epochs = nextEpochs(databases, partitions);
        for (const { database, isOwn } of files) {
          writeEpochs(database, epochs, isOwn);
        }
        return epochs;
      } finally {
        for (const { database, isOwn } of files) if (!isOwn) database.close();
      }
    });
  } finally {
    lock.close();
  }
}

/** One above the highest epoch that any file knows, for each partition. */
function nextEpochs(
  databases: readonly DatabaseSync[],
  partitions: readonly string[],
): ReadonlyMap<string, number> {
  const epochs = new Map(partitions.map((partition) => [partition, 1]));
  for (const database of databases) {
    const owners = database.prepare("SELECT partition, epoch FROM owners")
      .all();
    for (const owner of owners) {
      const partition = String(owner.partition);
      const known = epochs.get(partition);
      if (known === undefined) continue;
      epochs.set(partition, Math.max(known, Number(owner.epoch) + 1));
    }
  }
  return epochs;
}

function writeEpochs(
  database: DatabaseSync,
  epochs: ReadonlyMap<string, number>,
  isOwn: boolean,
): void {
  inTransaction(database, () => {
    const statement = database.prepare(`
      INSERT INTO owners (partition, epoch, owned_here) VALUES (?, ?, ?)
      ON CONFLICT (partition) DO UPDATE SET epoch = excluded.epoch,
        owned_here = max(owned_here, excluded.owned_here)`);
    for (const [partition, epoch] of epochs) {
      statement.run(partition, epoch, isOwn ? 1 : 0);
    }
  });
}
