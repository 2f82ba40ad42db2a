/**
 * The files that archived rows go into: one for each period in which some were
 * written, and one for what no period holds. So what is old enough to go for
 * good, or must be handed over, goes as whole files.
 *
 * @module
 */
import type { Router } from "../routers/router.ts";
import { archiveName, type JournalRow } from "./journal_file.ts";
import { JournalWriter } from "./journal_writer.ts";

/** How to make the files. */
export interface ArchiveFilesOptions {
  readonly folder: string;
  readonly storeId: string;
  /** Wall time, in their names. */
  readonly nowMs: number;
  /** Names the period of a moment; null: it is in none. */
  readonly periods: Router<number>;
}

/** See the module. */
export class ArchiveFiles {
  readonly #options: ArchiveFilesOptions;
  readonly #writers = new Map<string, JournalWriter>();

  constructor(options: ArchiveFilesOptions) {
    this.#options = options;
  }

  /** The names of the files that have rows. */
  get names(): readonly string[] {
    return [...this.#writers.keys()].sort();
  }

  /** Writes a row behind the others of its period. */
  write(row: JournalRow): void {
    const { folder, storeId, nowMs, periods } = this.#options;
    const name = archiveName(nowMs, periods.route(row.writtenAtMs));
    let writer = this.#writers.get(name);
    if (writer === undefined) {
      writer = new JournalWriter(`${folder}/${name}`, storeId);
      this.#writers.set(name, writer);
    }
    writer.write(row);
  }

  /** Commits and closes all of them. */
  close(): void {
    for (const writer of this.#writers.values()) writer.close();
  }
}
