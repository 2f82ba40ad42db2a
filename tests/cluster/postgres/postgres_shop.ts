/**
 * A store in a real PostgreSQL for tests, with journals that are closed with
 * it.
 *
 * @module
 */
import postgres from "postgres";
import type { Log } from "../../../actors/runtime/ports.ts";
import type { PostgresJournalOptions } from "../../../cluster/journal/postgres_journal.ts";
import { PostgresJournal } from "../../../cluster/journal/postgres_journal.ts";
import {
  openPostgresStore,
  type PostgresStore,
  type PostgresStoreOptions,
} from "../../../cluster/journal/postgres_store.ts";
import { hostTimers } from "../../../cluster/worker/host_clock.ts";
import { clock, silent } from "../journal/shop_folder.ts";
import { PostgresServer } from "./postgres_server.ts";

/** How the tests open stores. */
export const storeOptions: Omit<PostgresStoreOptions, "url"> = {
  timers: hostTimers,
  partitions: { storefront: 2, inventory: 2, accounts: 1 },
  stockRanges: null,
  territories: 2,
  newStoreId: () => crypto.randomUUID(),
  drawSecret: () => crypto.randomUUID(),
};

/** See the module. */
export class PostgresShop implements AsyncDisposable {
  /** To look into the tables. */
  readonly client: postgres.Sql;
  readonly #journals: PostgresJournal[] = [];

  private constructor(
    readonly server: PostgresServer,
    readonly store: PostgresStore,
  ) {
    this.client = postgres(server.url, { onnotice: () => {}, max: 4 });
  }

  /** Starts a server with a store in it. */
  static async open(): Promise<PostgresShop> {
    const server = await PostgresServer.start();
    const { url } = server;
    const store = await openPostgresStore({ ...storeOptions, url });
    return new PostgresShop(server, store);
  }

  /** Makes it as new, and closes the journals. */
  async empty(): Promise<void> {
    await this.release();
    await this.client`
      TRUNCATE doorbuster.owners, doorbuster.events, doorbuster.archived,
        doorbuster.snapshots, doorbuster.products, doorbuster.opened, doorbuster.attempts`;
  }

  /** A journal of the store. */
  journal(
    domain: string,
    options: Partial<PostgresJournalOptions> = {},
    log: Log = silent,
  ): PostgresJournal {
    const journal = new PostgresJournal({
      url: this.server.url,
      timers: hostTimers,
      domain,
      clock,
      log,
      broken: (error) => {
        throw error;
      },
      ...options,
    });
    this.#journals.push(journal);
    return journal;
  }

  /** Closes the journals. */
  async release(): Promise<void> {
    await Promise.all(this.#journals.splice(0).map((each) => each.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
    await this.store.close();
    await this.client.end({ timeout: 1 });
    await this.server[Symbol.asyncDispose]();
  }
}
