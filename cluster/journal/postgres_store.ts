/**
 * A store in PostgreSQL, which any number of processes share: who it is, its
 * secrets, its catalog and its payment ledger. The journals of its partitions
 * are opened by the threads that write them (`postgres_journal.ts`).
 *
 * @module
 */
import type { TransactionSql } from "postgres";
import type { PartitionCounts } from "../config.ts";
import type { Timers } from "../gateways/gateway.ts";
import { describePartitions } from "./data_folder.ts";
import { StoreError, type StoreFault } from "./database.ts";
import { PostgresCatalog } from "./postgres_catalog.ts";
import {
  codeOf,
  LateError,
  placeOf,
  postgresClient,
  within,
} from "./postgres_connection.ts";
import type { PaymentLedgerPort } from "./payment_ledger.ts";
import { PostgresLedger } from "./postgres_ledger.ts";
import { migrate } from "./postgres_schema.ts";

/** How to open a store. */
export interface PostgresStoreOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; the database must exist. */
  readonly url: string;
  readonly timers: Timers;
  /** Written into a new store; an old one must have the same. */
  readonly partitions: PartitionCounts;
  /** Written into a new store; an old one keeps its own. */
  readonly territories: number;
  /** Names a new store; unlike any other. */
  readonly newStoreId: () => string;
  /** Draws each secret of a new store. */
  readonly drawSecret: () => string;
}

/** An open store. */
export interface PostgresStore {
  readonly storeId: string;
  readonly partitions: PartitionCounts;
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
 * foreign (tables in the way), newer, torn, in-use, or mismatch for other
 * partition counts.
 */
export async function openPostgresStore(
  options: PostgresStoreOptions,
): Promise<PostgresStore> {
  const { url } = options;
  const place = placeOfOrThrow(url);
  const client = postgresClient(url, "store", STATEMENT_WITHIN_MS);
  let identity;
  try {
    identity = await within(
      client.begin((sql) => openIdentity(sql, place, options)),
      OPEN_WITHIN_MS,
      options.timers,
    );
  } catch (error) {
    throw asStoreError(error, place);
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
  await checkServer(sql, place);
  await migrate(sql, place);
  const [known] = await sql`SELECT * FROM doorbuster.store`;
  const row = known ?? await createIdentity(sql, options);
  const partitions: PartitionCounts = JSON.parse(row.partitions);
  const expected = describePartitions(options.partitions);
  const found = describePartitions(partitions);
  if (expected !== found) {
    throw new StoreError("mismatch", place, expected, found);
  }
  return {
    storeId: String(row.store_id),
    partitions,
    territories: Number(row.territories),
    sessionSecret: String(row.session_secret),
    adminToken: String(row.admin_token),
  };
}

async function createIdentity(
  sql: TransactionSql,
  options: PostgresStoreOptions,
) {
  const [row] = await sql`
    INSERT INTO doorbuster.store ${
    sql({
      store_id: options.newStoreId(),
      partitions: JSON.stringify(options.partitions),
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

function placeOfOrThrow(url: string): string {
  try {
    const { protocol, hostname, pathname } = new URL(url);
    const isOne = /^postgres(ql)?:$/.test(protocol) && hostname !== "" &&
      pathname.length > 1;
    if (isOne) return placeOf(url);
  } catch {
    // Said below.
  }
  // What was found may hold a password, so it is not shown.
  throw new StoreError(
    "missing",
    "DATABASE_URL",
    "postgres://USER:PASSWORD@HOST:PORT/DATABASE",
    "something else",
  );
}

/** What the server said, by its code: what it means and what was expected. */
const FAULTS: readonly (readonly [RegExp, StoreFault, string])[] = [
  [/^28/, "refused", "a user and password that the server accepts"],
  [/^3D/, "missing", "a database of that name"],
  [/^42501/, "unwritable", "the rights of an owner of the schema doorbuster"],
  [/^(42P01|42703|42P07|42710)/, "foreign", "a store's tables"],
  [/^(57014|55P03|40P01)/, "in-use", "an end of the migration under way"],
  [/^25006/, "unwritable", "a server that takes writes"],
  [/^53[12]/, "unwritable", "a server with room"],
  [/^(53|57|08)/, "unreachable", "a server that takes connections"],
];

/** One line for whatever went wrong; a mistake of ours stays one. */
function asStoreError(error: unknown, place: string): unknown {
  if (error instanceof StoreError) return error;
  const found = String((error as Error)?.message ?? error)
    .replaceAll(/\s+/g, " ");
  const code = codeOf(error);
  if (code === null) {
    if (!(error instanceof LateError || isOfNetwork(error))) return error;
    const expected = "a server that answers";
    return new StoreError("unreachable", place, expected, found);
  }
  const known = FAULTS.find(([pattern]) => pattern.test(code));
  return known === undefined
    ? error
    : new StoreError(known[1], place, known[2], found);
}

/** Errors of sockets, names and the client carry a code in capitals. */
function isOfNetwork(error: unknown): boolean {
  const { code } = Object(error);
  return typeof code === "string" && /^[A-Z][A-Z0-9_]+$/.test(code);
}
