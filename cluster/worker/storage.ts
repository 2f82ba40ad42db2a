/**
 * What keeps a thread's part of the shop: a data folder with a file for each
 * commit domain, or a database that several processes share. A plan says
 * which, as plain data; the thread that needs it opens it.
 *
 * @module
 */
import type { Clock, Journal, Log } from "../../actors/runtime/ports.ts";
import type { CatalogSource } from "../gateways/catalog.ts";
import { CatalogStore } from "../journal/catalog_store.ts";
import { SqliteJournal } from "../journal/sqlite_journal.ts";

/** Where the shop is kept. */
export type StoragePlan =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string };

/** A journal, and what its host asks of it besides. */
export interface DomainJournal extends Journal {
  /** What the last recovery read; null before the first. */
  readonly lastRecovery: {
    readonly partitions: number;
    readonly events: number;
  } | null;
  /**
   * Reads what it can of partitions that may soon have to be recovered quickly.
   * Left out where nobody else could own them.
   */
  readAhead?(partitions: readonly string[]): void;
  /** Ends all use. What was appended stays. */
  close(): void | Promise<void>;
}

/** With what a domain opens its journal. */
export interface JournalOptions {
  readonly domain: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Which snapshots of a partition fit. */
  readonly snapshotOriginOf: (partition: string) => string;
}

/** The catalog to read. */
export interface OpenCatalog extends CatalogSource {
  /** Ends all use. */
  close(): void | Promise<void>;
}

/** Opens what one thread needs. Both throw `StoreError`. */
export interface Storage {
  openJournal(options: JournalOptions): DomainJournal;
  openCatalog(): OpenCatalog;
}

/** The client of a database is loaded only where there is one. */
export async function openStorage(plan: StoragePlan): Promise<Storage> {
  if (plan.kind === "folder") return new FolderStorage(plan.path);
  const { PostgresStorage } = await import("./postgres_storage.ts");
  return new PostgresStorage(plan.url);
}

class FolderStorage implements Storage {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  openJournal(options: JournalOptions): DomainJournal {
    return new SqliteJournal({ ...options, folder: this.#folder });
  }

  openCatalog(): OpenCatalog {
    return new CatalogStore(this.#folder, { readOnly: true });
  }
}
