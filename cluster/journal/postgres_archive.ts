/**
 * Moves the past of a store in PostgreSQL into a table of its own, in one
 * transaction, while no process runs the shop. What is cut off and what stands
 * for it is as in a data folder (`archive.ts`).
 *
 * A process that is connected is seen, and the archive refused. One that cannot
 * be seen just now, since it was cut off or is about to connect, is fenced: the
 * transaction begins as a take-over of every partition does. So whatever such a
 * process appends either came before, and is read, or is refused; its actors,
 * which remember what went, begin anew.
 *
 * @module
 */
import type { TransactionSql } from "postgres";
import { StoreError } from "./database.ts";
import { CARRIED_VERSION } from "./journal_file.ts";
import {
  type ArchivedPartition,
  type ArchiveReport,
  carriedRows,
  type Cut,
  PastFold,
} from "./past_fold.ts";
import { postgresClient, type PostgresValue } from "./postgres_connection.ts";
import { placeOrRefuse, storeErrorOf } from "./postgres_errors.ts";
import { readEvents, ROW_COLUMNS } from "./postgres_events.ts";
import { refuseOlderThanArchive } from "./postgres_schema.ts";
import { findIdentity } from "./postgres_store.ts";
import type { StoreShape } from "./store_shape.ts";

/** What is archived. */
export interface PostgresArchiveOptions {
  readonly url: string;
  /** As the store must have it. */
  readonly shape: StoreShape;
  readonly partitions: readonly ArchivedPartition[];
  /** Rows that were written before this wall time. */
  readonly beforeMs: number;
  /** Told after each partition. */
  readonly progress: (done: number, total: number) => void;
}

/**
 * The longest statement moves all old rows of a partition: at 100,000 rows a
 * second tens of millions, some hundred times what a partition has of a day.
 */
const STATEMENT_WITHIN_MS = 600_000;

/**
 * Archives, and gives what it did: all or nothing. Throws `StoreError` as an
 * opening does, and `missing` where there is no store, `in-use` while a process
 * of the shop is connected.
 */
export async function archivePostgres(
  options: PostgresArchiveOptions,
): Promise<ArchiveReport> {
  const place = placeOrRefuse(options.url);
  const client = postgresClient(options.url, "archive", STATEMENT_WITHIN_MS);
  try {
    return await client.begin((sql) => archiveIn(sql, place, options));
  } catch (error) {
    throw storeErrorOf(error, place);
  } finally {
    await client.end({ timeout: 0 });
  }
}

async function archiveIn(
  sql: TransactionSql,
  place: string,
  { shape, partitions, beforeMs, progress }: PostgresArchiveOptions,
): Promise<ArchiveReport> {
  // From here on no process opens the store.
  if (await findIdentity(sql, place, shape) === null) {
    throw new StoreError("missing", place, "a store", "none");
  }
  await mustBeAlone(sql, place);
  const store = { sql, place, ends: await takeOver(sql) };
  const total = { partitions: 0, eventsBefore: 0, eventsAfter: 0 };
  for (const [index, each] of partitions.entries()) {
    const { isCut, before, after } = await archivePartition(
      store,
      each,
      beforeMs,
    );
    total.partitions += Number(isCut);
    total.eventsBefore += before;
    total.eventsAfter += after;
    progress(index + 1, partitions.length);
  }
  if (total.partitions === 0) return { into: [], ...total };
  await refuseOlderThanArchive(sql);
  return { into: ["doorbuster.archived"], ...total };
}

/** Readers of history harm nobody; another archive waits for this one. */
async function mustBeAlone(sql: TransactionSql, place: string): Promise<void> {
  const [found] = await sql`
    SELECT application_name AS name, pid, host(client_addr) AS host
    FROM pg_catalog.pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'doorbuster %'
      AND application_name NOT IN ('doorbuster archive', 'doorbuster history')
    ORDER BY backend_start LIMIT 1`;
  if (found === undefined) return;
  throw new StoreError(
    "in-use",
    place,
    "no process of the shop, as it must be stopped",
    `"${found.name}" from ${found.host ?? "a host not shown"}, ` +
      `server process ${found.pid}`,
  );
}

interface Store {
  readonly sql: TransactionSql;
  readonly place: string;
  /** Each partition's newest event. */
  readonly ends: ReadonlyMap<string, number>;
}

/** Raises every epoch, in the order in which appends lock their owners. */
async function takeOver(sql: TransactionSql): Promise<Map<string, number>> {
  const rows = await sql`
    WITH held AS (
      SELECT partition FROM doorbuster.owners ORDER BY partition
      FOR NO KEY UPDATE
    )
    UPDATE doorbuster.owners AS owner SET epoch = owner.epoch + 1
    FROM held WHERE owner.partition = held.partition
    RETURNING owner.partition, owner.last_sequence`;
  return new Map(
    rows.map((row) => [String(row.partition), Number(row.last_sequence)]),
  );
}

/** Archives one partition, and says how many events it had and has. */
async function archivePartition(
  store: Store,
  each: ArchivedPartition,
  beforeMs: number,
): Promise<{ isCut: boolean; before: number; after: number }> {
  const { sql, ends } = store;
  const { partition, past } = each;
  const to = ends.get(partition) ?? 0;
  if (past === null) {
    const count = await countEvents(store, partition, to);
    return { isCut: false, before: count, after: count };
  }
  const fold = new PastFold(each, past);
  const sequence = await lastBefore(sql, { partition, to, beforeMs });
  const first = await read(store, partition, { after: 0, to: sequence }, fold);
  const carried = fold.carried();
  const rest = { after: sequence, to, epoch: first.epoch };
  await read(store, partition, rest, fold);
  const before = fold.events;
  if (carried === null) return { isCut: false, before, after: before };
  const { epoch } = first;
  const cut = { partition, epoch, sequence, carried, end: fold.end() };
  await move(sql, cut, beforeMs);
  const again = new PastFold(each, past);
  await read(store, partition, { after: 0, to }, again);
  again.mustEndAs(cut.end);
  return { isCut: true, before, after: again.events };
}

/** The last event before the first row that is not old enough. */
async function lastBefore(
  sql: TransactionSql,
  { partition, to, beforeMs }: {
    partition: string;
    to: number;
    beforeMs: number;
  },
): Promise<number> {
  const [row] = await sql`
    SELECT min(first_sequence) AS first FROM doorbuster.events
    WHERE partition = ${partition} AND written_at_ms >= ${beforeMs}`;
  return row?.first == null ? to : Number(row.first) - 1;
}

/** Hands events to a fold; a gap or a damaged row throws `StoreError`. */
async function read(
  { sql, place }: Store,
  partition: string,
  { after, to, epoch = 0 }: { after: number; to: number; epoch?: number },
  { take }: Pick<PastFold, "take">,
): Promise<{ readonly epoch: number }> {
  const run = async (statement: string, values: readonly PostgresValue[]) => {
    const rows = await sql.unsafe(statement, [...values], { prepare: true });
    return { kind: "ok", rows, count: rows.count } as const;
  };
  const range = { partition, after, to, epoch };
  const result = await readEvents({ run }, place, range, take);
  if (result.kind !== "ok") throw result.cause;
  return result;
}

/** Those of a partition whose past stays. */
async function countEvents(
  store: Store,
  partition: string,
  to: number,
): Promise<number> {
  let count = 0;
  await read(store, partition, { after: 0, to }, { take: () => void count++ });
  return count;
}

/**
 * Moves the past, and puts what is carried on in its place. Snapshots go: they
 * know what went, or end where no row does any more.
 */
async function move(
  sql: TransactionSql,
  cut: Cut,
  beforeMs: number,
): Promise<void> {
  const { partition, sequence } = cut;
  await sql.unsafe(
    `WITH past AS (
       DELETE FROM doorbuster.events
       WHERE partition = $1 AND first_sequence <= $2
       RETURNING partition, ${ROW_COLUMNS}
     )
     INSERT INTO doorbuster.archived (partition, ${ROW_COLUMNS})
     SELECT partition, ${ROW_COLUMNS} FROM past
     WHERE version <> ${CARRIED_VERSION}`,
    [partition, sequence],
  );
  for (const row of carriedRows(cut, beforeMs)) {
    await sql`
      INSERT INTO doorbuster.events ${
      sql({
        partition,
        first_sequence: row.firstSequence,
        event_count: row.eventCount,
        epoch: row.epoch,
        written_at_ms: row.writtenAtMs,
        version: row.version,
        events: row.events,
      })
    }`;
  }
  await sql`DELETE FROM doorbuster.snapshots WHERE partition = ${partition}`;
}
