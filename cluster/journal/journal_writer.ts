/**
 * Writes a journal file from rows that another had, as they are. Nobody else
 * may have it open; it is on disk once it is closed.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { openExisting, openOrCreate } from "./database.ts";
import { JOURNAL_FILE, type JournalRow } from "./journal_file.ts";

/** What a file says of a partition. */
export interface Owner {
  readonly partition: string;
  readonly epoch: number;
  /** The file can have rows of it. */
  readonly isOwnedHere: boolean;
}

/** See the module. */
export class JournalWriter {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #ids = new Map<string, number>();

  constructor(path: string, storeId: string) {
    this.#database = openOrCreate(path, JOURNAL_FILE, { storeId });
    this.#insert = this.#database.prepare(`
      INSERT INTO events (partition, epoch, first_sequence, event_count,
        written_at_ms, version, events)
      VALUES (?, ?, ?, ?, ?, ?, ?)`);
    this.#database.exec("BEGIN IMMEDIATE");
  }

  /** Notes the owner of a partition, before any row of it. */
  own({ partition, epoch, isOwnedHere }: Owner): number {
    const { lastInsertRowid } = this.#database.prepare(
      "INSERT INTO owners (partition, epoch, owned_here) VALUES (?, ?, ?)",
    ).run(partition, epoch, isOwnedHere ? 1 : 0);
    const id = Number(lastInsertRowid);
    this.#ids.set(partition, id);
    return id;
  }

  /** Writes a row behind the others. */
  write(row: Omit<JournalRow, "row">): void {
    const { partition, epoch } = row;
    const id = this.#ids.get(partition) ??
      this.own({ partition, epoch, isOwnedHere: true });
    this.#insert.run(
      id,
      epoch,
      row.firstSequence,
      row.eventCount,
      row.writtenAtMs,
      row.version,
      row.events,
    );
  }

  /** Commits and closes. */
  close(): void {
    this.#database.exec("COMMIT");
    this.#database.close();
  }
}

/** The owners that a journal file knows. */
export function ownersIn(path: string, storeId: string): readonly Owner[] {
  const options = { storeId, readOnly: true };
  const database = openExisting(path, JOURNAL_FILE, options);
  try {
    return database.prepare(
      "SELECT partition, epoch, owned_here FROM owners ORDER BY id",
    ).all().map((row) => ({
      partition: String(row.partition),
      epoch: Number(row.epoch),
      isOwnedHere: row.owned_here === 1,
    }));
  } finally {
    database.close();
  }
}
