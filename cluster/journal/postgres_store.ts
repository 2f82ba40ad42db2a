/**
 * A store in PostgreSQL, which any number of processes share: who it is, its
 * secrets, its catalog and its payment ledger. The journals of its partitions
 * are opened by the threads that write them (`postgres_journal.ts`).
 *
 * @module
 */
import type { TransactionSql } from "postgres";
import type { Timers } from "../gateways/gateway.ts";
import { StoreError } from "./database.ts";
import { PostgresCatalog } from "./postgres_catalog.ts";
import { postgresClient, within } from "./postgres_connection.ts";
import { placeOrRefuse, storeErrorOf } from "./postgres_errors.ts";
import type { PaymentLedgerPort } from "./payment_ledger.ts";
import { PostgresLedger } from "./postgres_ledger.ts";
import { migrate } from "./postgres_schema.ts";
import {
  mustBeShaped,
  readShape,
  type StoreShape,
  writeShape,
} from "./store_shape.ts";

/** How to open a store; its shape is a new one's or that of the old one. */
export interface PostgresStoreOptions extends StoreShape {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; the database must exist. */
  readonly url: string;
  readonly timers: Timers;
  /** Written into a new store; an old one keeps its own. */
  readonly territories: number;
  /** Names a new store; unlike any other. */
  readonly newStoreId: () => string;
  /** Draws each secret of a new store. */
  readonly drawSecret: () => string;
}

/** An open store. */
export interface PostgresStore extends StoreShape {
  readonly storeId: string;
  readonly territories: number;
  readonly sessionSecret: string;
  readonly adminToken: string;
  readonly catalog: PostgresCatalog;
  readonly ledger: PaymentLedgerPort;
  /** Ends all connections that were opened with the store. */
  close(): Promise<void>;
}

/**
 * The oldest release that its makers still mend (since November 2026) and that
 * the tests run against. Nothing of the last five is needed.
 */
const OLDEST_SERVER = 15;

/** Another process may be migrating a large store. */
const OPEN_WITHIN_MS = 60_000;
/** So that the server says first what it waits for. */
const STATEMENT_WITHIN_MS = 50_000;

/**
 * Connects, makes or migrates the tables (one process at a time) and checks
 * that everything is as it must be. All is done or nothing. Throws
 * `StoreError` with one line: unreachable, refused (name or password), missing
 * (database), unfit (a server of another kind), unwritable (rights, a standby),
 * foreign (tables in the way), newer, torn, in-use, or mismatch for another
 * shape.
 */
export async function openPostgresStore(
  options: PostgresStoreOptions,
): Promise<PostgresStore> {
  const { url } = options;
  const place = placeOrRefuse(url);
  const client = postgresClient(url, "store", STATEMENT_WITHIN_MS);
  let identity;
  try {
    identity = await within(
      client.begin((sql) => openIdentity(sql, place, options)),
      OPEN_WITHIN_MS,
      options.timers,
    );
  } catch (error) {
    throw storeErrorOf(error, place);
  } finally {
    await client.end({ timeout: 0 });
  }
  const catalog = new PostgresCatalog(options);
  const ledger = new PostgresLedger(options);
  const close = async () => {
    await Promise.all([catalog.close(), ledger.close()]);
  };
  return { ...identity, catalog, ledger, close };
}

async function openIdentity(
  sql: TransactionSql,
  place: string,
  options: PostgresStoreOptions,
) {
  const row = await findIdentity(sql, place, options) ??
    await createIdentity(sql, options);
  return {
    storeId: String(row.store_id),
    ...readShape(row.partitions),
    territories: Number(row.territories),
    sessionSecret: String(row.session_secret),
    adminToken: String(row.admin_token),
  };
}

/**
 * Checks server and tables within a transaction, brings them up to date, and
 * gives the store's row; null when there was no store. Nobody else opens the
 * store before that transaction ends. Throws as the opening does.
 */
export async function findIdentity(
  sql: TransactionSql,
  place: string,
  shape: StoreShape,
) {
  await checkServer(sql, place);
  await migrate(sql, place);
  const [row] = await sql`SELECT * FROM doorbuster.store`;
  if (row === undefined) return null;
  mustBeShaped(place, shape, readShape(row.partitions));
  return row;
}

async function createIdentity(
  sql: TransactionSql,
  options: PostgresStoreOptions,
) {
  const [row] = await sql`
    INSERT INTO doorbuster.store ${
    sql({
      store_id: options.newStoreId(),
      partitions: writeShape(options),
      territories: options.territories,
      session_secret: options.drawSecret(),
      admin_token: options.drawSecret(),
    })
  } RETURNING *`;
  return row!;
}

/** Refuses a server that cannot carry a store, or not now. */
async function checkServer(sql: TransactionSql, place: string): Promise<void> {
  const [server] = await sql`
    SELECT current_setting('server_version_num')::int / 10000 AS release,
      current_setting('server_encoding') AS encoding,
      current_setting('transaction_read_only') AS read_only`;
  const { release, encoding, read_only: readOnly } = server!;
  if (release < OLDEST_SERVER) {
    throw new StoreError(
      "unfit",
      place,
      `PostgreSQL ${OLDEST_SERVER} or later`,
      `PostgreSQL ${release}`,
    );
  }
  if (encoding !== "UTF8") {
    throw new StoreError(
      "unfit",
      place,
      "a database in UTF8",
      `one in ${encoding}`,
    );
  }
  if (readOnly === "on") {
    throw new StoreError(
      "unwritable",
      place,
      "a server that takes writes",
      "one that is read-only",
    );
  }
}
