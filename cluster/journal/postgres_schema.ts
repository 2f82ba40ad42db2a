/**
 * The tables of a store in PostgreSQL, all in the schema `doorbuster`, and how
 * they came to be: a list of migrations, run in one transaction by one process
 * at a time.
 *
 * Processes of two adjacent releases work on one store at once, in a rolling
 * restart. So a migration only adds: a table, an index, a column that has a
 * default or may be null. What is to go is first used by no release, and then
 * removed by the next one, whose migration names the release before it as the
 * `oldest` that may still work on the store.
 *
 * @module
 */
import type { ReservedSql, TransactionSql } from "postgres";
import { StoreError } from "./database.ts";

interface Migration {
  /** Counts up from 1. */
  readonly version: number;
  /** Who knows this version's tables or later ones may work on the store. */
  readonly oldest: number;
  readonly statements: string;
}

// Rows of `owners` are changed by every append: half of each page is left
// free, so that a new version of a row stays on its page and no index changes.
// The catalog is filled once, so its index needs no list of what is to come.
// Names compare byte by byte, in every database alike. The events are text and
// neither `jsonb`, which knows no U+0000 and sorts keys, nor `json`, which is
// parsed once more with every append.
const MIGRATIONS: readonly Migration[] = [{
  version: 1,
  oldest: 1,
  statements: `
    CREATE TABLE doorbuster.store (
      store_id text NOT NULL,
      partitions text NOT NULL,
      territories integer NOT NULL,
      session_secret text NOT NULL,
      admin_token text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE doorbuster.owners (
      partition text COLLATE "C" PRIMARY KEY,
      epoch bigint NOT NULL,
      last_sequence bigint NOT NULL
    ) WITH (fillfactor = 50);
    CREATE TABLE doorbuster.events (
      partition text COLLATE "C" NOT NULL,
      first_sequence bigint NOT NULL,
      event_count integer NOT NULL,
      epoch bigint NOT NULL,
      written_at_ms bigint NOT NULL,
      version integer NOT NULL,
      events text NOT NULL,
      PRIMARY KEY (partition, first_sequence)
    );
    CREATE TABLE doorbuster.snapshots (
      partition text COLLATE "C" NOT NULL,
      part integer NOT NULL,
      origin text NOT NULL,
      epoch bigint NOT NULL,
      sequence bigint NOT NULL,
      state bytea NOT NULL,
      PRIMARY KEY (partition, part)
    );
    CREATE TABLE doorbuster.products (
      rank integer PRIMARY KEY,
      sku text COLLATE "C" NOT NULL UNIQUE,
      name text NOT NULL,
      price_cents bigint NOT NULL,
      currency text NOT NULL,
      units bigint NOT NULL,
      version integer NOT NULL,
      words tsvector NOT NULL
    );
    CREATE INDEX products_by_word ON doorbuster.products USING gin (words)
      WITH (fastupdate = off);
    CREATE TABLE doorbuster.opened (at_rank integer NOT NULL);
    CREATE TABLE doorbuster.attempts (
      attempt_id text COLLATE "C" PRIMARY KEY,
      state text NOT NULL
        CHECK (state IN ('captured', 'declined', 'none', 'refunded')),
      amount_cents bigint NOT NULL,
      currency text NOT NULL
    );
  `,
}, {
  version: 2,
  oldest: 1,
  statements: `
    CREATE TABLE doorbuster.archived (
      partition text COLLATE "C" NOT NULL,
      first_sequence bigint NOT NULL,
      event_count integer NOT NULL,
      epoch bigint NOT NULL,
      written_at_ms bigint NOT NULL,
      version integer NOT NULL,
      events text NOT NULL,
      PRIMARY KEY (partition, first_sequence)
    );
  `,
}];

/** From this version on releases read what stands for archived events. */
const OLDEST_FOR_ARCHIVED = 2;

/** The newest version that this release knows. */
export const SCHEMA_VERSION = MIGRATIONS.at(-1)!.version;

/** What the shop does to each table, and needs the right to. */
const RIGHTS: readonly (readonly [table: string, rights: string])[] = [
  ["versions", "SELECT"],
  ["store", "SELECT"],
  ["owners", "SELECT INSERT UPDATE"],
  ["events", "SELECT INSERT"],
  ["snapshots", "SELECT INSERT DELETE"],
  ["products", "SELECT INSERT"],
  ["opened", "SELECT INSERT"],
  ["attempts", "SELECT INSERT UPDATE"],
];

/** Any number, as long as all releases lock the same. */
const MIGRATION_LOCK = 0x44_62_53_74;

type Sql = TransactionSql | ReservedSql;

/**
 * Brings the schema up to date within a transaction, and lets nobody else do
 * so before that ends. Throws `StoreError` when somebody else's tables are in
 * the way (foreign), when a later release has made changes that this one
 * cannot live with (newer), or without the right to use a table (unwritable).
 */
export async function migrate(sql: Sql, place: string): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`;
  const current = await currentVersion(sql, place);
  for (const { version, oldest, statements } of MIGRATIONS) {
    if (version <= current) continue;
    await sql.unsafe(statements);
    await sql`INSERT INTO doorbuster.versions ${sql({ version, oldest })}`;
  }
  await checkRights(sql, place);
}

/** Shuts the releases out that cannot read what stands for archived events. */
export async function refuseOlderThanArchive(sql: Sql): Promise<void> {
  await sql`
    UPDATE doorbuster.versions SET oldest = ${OLDEST_FOR_ARCHIVED}
    WHERE oldest < ${OLDEST_FOR_ARCHIVED}`;
}

async function currentVersion(sql: Sql, place: string): Promise<number> {
  const relations = await sql`
    SELECT relname AS name, n.oid FROM pg_catalog.pg_namespace n
    LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    WHERE nspname = 'doorbuster' ORDER BY relname`;
  if (relations.length === 0) await sql`CREATE SCHEMA doorbuster`;
  const names = relations.map(({ name }) => name).filter(Boolean);
  if (names.length === 0) {
    await sql`
      CREATE TABLE doorbuster.versions (
        version integer PRIMARY KEY,
        oldest integer NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
      )`;
    return 0;
  }
  if (!names.includes("versions") || !names.includes("store")) {
    throw new StoreError(
      "foreign",
      place,
      "a store's tables or none in the schema doorbuster",
      `others, such as "${names[0]}"`,
    );
  }
  const [newest] = await sql`
    SELECT version, oldest FROM doorbuster.versions
    ORDER BY version DESC LIMIT 1`;
  if (newest?.oldest > SCHEMA_VERSION) {
    throw new StoreError(
      "newer",
      place,
      `tables of version ${SCHEMA_VERSION}, or later ones that it can use`,
      `version ${newest?.version}, for releases that know ${newest?.oldest}`,
    );
  }
  return newest?.version ?? 0;
}

async function checkRights(sql: Sql, place: string): Promise<void> {
  for (const [table, rights] of RIGHTS) {
    for (const right of rights.split(" ")) {
      const [row] = await sql`
        SELECT has_table_privilege(${`doorbuster.${table}`}, ${right}) AS has,
          current_user AS role`;
      if (row?.has) continue;
      throw new StoreError(
        "unwritable",
        place,
        `the right to ${right} on doorbuster.${table}`,
        `none for ${row?.role}`,
      );
    }
  }
}
