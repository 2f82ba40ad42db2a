/**
 * A data folder of its own for a test, gone with it, and the machine's clocks.
 *
 * @module
 */
import type { Clock, Log } from "../../../actors/runtime/ports.ts";
import {
  type DataFolderOptions,
  openDataFolder,
} from "../../../cluster/journal/data_folder.ts";
import { SqliteJournal } from "../../../cluster/journal/sqlite_journal.ts";

/** The machine's clocks. */
export const clock: Clock = {
  monotonicMs: () => performance.timeOrigin + performance.now(),
  wallMs: () => Date.now(),
};

/** Drops what is logged. */
export const silent: Log = { write: () => {} };

/** How the tests open data folders. */
export const folderOptions: DataFolderOptions = {
  partitions: { storefront: 2, inventory: 2, accounts: 1 },
  stockRanges: null,
  clock,
  newStoreId: () => crypto.randomUUID(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  waitMs: 0,
};

/** A folder under the system's temporary one, removed when disposed of. */
export class TemporaryFolder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "doorbuster_" });

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** A store with an identity and no events, held by this process. */
export class TemporaryShop extends TemporaryFolder {
  #journals: SqliteJournal[] = [];
  #close = () => {};

  static async open(): Promise<TemporaryShop> {
    const shop = new TemporaryShop();
    const folder = await openDataFolder(shop.path, folderOptions);
    shop.#close = () => folder.close();
    return shop;
  }

  /** A journal of the store; closed with it. */
  journal(domain: string, log = silent): SqliteJournal {
    const journal = new SqliteJournal({
      folder: this.path,
      domain,
      clock,
      log,
    });
    this.#journals.push(journal);
    return journal;
  }

  /** Closes its journals and lets others hold the store. */
  release(): void {
    for (const journal of this.#journals.splice(0)) journal.close();
    this.#close();
    this.#close = () => {};
  }

  override [Symbol.dispose](): void {
    this.release();
    super[Symbol.dispose]();
  }
}
