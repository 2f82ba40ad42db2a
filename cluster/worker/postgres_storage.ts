/**
 * A thread's part of a shop that is kept in PostgreSQL.
 *
 * @module
 */
import { PostgresCatalog } from "../journal/postgres_catalog.ts";
import { PostgresJournal } from "../journal/postgres_journal.ts";
import { hostTimers } from "./host_clock.ts";
import type {
  DomainJournal,
  JournalOptions,
  OpenCatalog,
  Storage,
} from "./storage.ts";

/** See the module. Connects when it is first asked. */
export class PostgresStorage implements Storage {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  openJournal(options: JournalOptions): DomainJournal {
    return new PostgresJournal({
      ...options,
      url: this.#url,
      timers: hostTimers,
      // Out of every turn: it ends the thread, as what SQLite throws does.
      broken: (error) =>
        hostTimers.set(() => {
          throw error;
        }, 0),
    });
  }

  openCatalog(): OpenCatalog {
    return new PostgresCatalog({ url: this.#url, timers: hostTimers });
  }
}
