/**
 * Reads the events of one partition out of PostgreSQL, in order and a page at
 * a time, and checks that none is missing.
 *
 * @module
 */
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import { StoreError } from "./database.ts";
import { eventsOf, type JournalRow } from "./journal_file.ts";
import type { PostgresAnswer, PostgresValue } from "./postgres_connection.ts";

/** Which events to read. */
export interface EventRange {
  readonly partition: string;
  /** Those after this one; where a row ends, such as 0. */
  readonly after: number;
  /** Up to this one; where a row ends. Infinity: those that there are. */
  readonly to: number;
  /** The epoch of the event `after`; it never falls. */
  readonly epoch: number;
}

/** Who runs a statement: a connection, or a transaction on it. */
export interface StatementRunner {
  run(
    statement: string,
    values: readonly PostgresValue[],
  ): Promise<PostgresAnswer>;
}

/** What was read. */
export interface EventsRead {
  readonly kind: "ok";
  readonly rows: number;
  /** Those that were handed over; of archived ones what stands for them. */
  readonly events: number;
  /** The newest event's place. */
  readonly sequence: number;
  readonly epoch: number;
}

/** Why nothing more could be read; the events so far were handed over. */
export type ReadTrouble = Exclude<PostgresAnswer, { kind: "ok" }>;

/**
 * Events in a page, besides those of its last row, which are those of one
 * commit: a few megabytes, and some 20 ms of folding for one round trip.
 */
const PAGE_EVENTS = 4_096;

/** The columns of a row, as {@linkcode rowOf} takes them. */
export const ROW_COLUMNS =
  "first_sequence, event_count, epoch, written_at_ms, version, events";

const PAGE = `
  SELECT ${ROW_COLUMNS} FROM doorbuster.events
  WHERE partition = $1 AND first_sequence > $2 AND first_sequence <= $3
  ORDER BY first_sequence`;

/**
 * Hands over the events of a range, each with the row in which it stands. With
 * an end that is known, one that is missing throws `StoreError`, as does a
 * damaged row.
 *
 * @param place Names the store in errors.
 */
export async function readEvents(
  connection: StatementRunner,
  place: string,
  range: EventRange,
  take: (event: JournalEvent) => void,
): Promise<EventsRead | ReadTrouble> {
  const { partition, to } = range;
  const path = `${place} ${partition}`;
  let { after: sequence, epoch } = range;
  const total = { rows: 0, events: 0 };
  while (sequence < to) {
    const pageEnd = Math.min(to, sequence + PAGE_EVENTS);
    const values = [partition, sequence, pageEnd];
    const page = await connection.run(PAGE, values);
    if (page.kind !== "ok") return page;
    if (page.rows.length === 0) {
      // Nothing stands behind what was read, or something is missing.
      if (to === Infinity) break;
      throw torn(path, sequence + 1, epoch, "none");
    }
    for (const cells of page.rows) {
      const row = rowOf(partition, cells);
      if (row.firstSequence !== sequence + 1 || row.epoch < epoch) {
        const found = `epoch ${row.epoch}, sequence ${row.firstSequence}`;
        throw torn(path, sequence + 1, epoch, found);
      }
      const events = eventsOf(row, path);
      for (const event of events) take(event);
      ({ epoch } = row);
      sequence += row.eventCount;
      total.rows++;
      total.events += events.length;
    }
  }
  if (sequence > to && to !== Infinity) {
    throw torn(path, to + 1, epoch, `sequence ${sequence} in the last row`);
  }
  return { kind: "ok", ...total, sequence, epoch };
}

function torn(
  path: string,
  sequence: number,
  epoch: number,
  found: string,
): StoreError {
  const expected = `sequence ${sequence} under epoch ${epoch} or later`;
  return new StoreError("torn", path, expected, found);
}

/** A row of a partition by its columns. */
export function rowOf(
  partition: string,
  cells: Readonly<Record<string, unknown>>,
): JournalRow {
  const firstSequence = Number(cells.first_sequence);
  return {
    // Rows have no number of their own.
    row: firstSequence,
    partition,
    epoch: Number(cells.epoch),
    firstSequence,
    eventCount: Number(cells.event_count),
    writtenAtMs: Number(cells.written_at_ms),
    version: Number(cells.version),
    events: String(cells.events),
  };
}
