/**
 * Reads the events of partitions out of PostgreSQL, of each in order and a page
 * at a time, and checks that none is missing. A page of several partitions is
 * one statement, since where somebody waits round trips are what takes time.
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
 * Events in a page, in equal parts of all partitions that it is of, besides
 * those of the last row of each, which are those of one commit: a few
 * megabytes, and some 20 ms of folding for one round trip. So a page is far
 * from the time that a statement has, however many partitions there are.
 */
const PAGE_EVENTS = 4_096;

/** The columns of a row, as {@linkcode rowOf} takes them. */
export const ROW_COLUMNS =
  "first_sequence, event_count, epoch, written_at_ms, version, events";

// Of each partition by its index, however many rows the planner expects. The
// order inside says which rows, the one outside how they come.
const PAGE = `
  SELECT page.* FROM json_to_recordset($1::text::json)
    AS range (name text, after bigint, until bigint)
  CROSS JOIN LATERAL (
    SELECT partition, ${ROW_COLUMNS} FROM doorbuster.events
    WHERE partition = name COLLATE "C"
      AND first_sequence > after AND first_sequence <= until
    ORDER BY first_sequence LIMIT ${PAGE_EVENTS}
  ) AS page
  ORDER BY partition, first_sequence`;

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
  const pasts = [new Past(place, range, take)];
  const trouble = await readPages(connection, pasts);
  return trouble ?? pasts[0]!.read;
}

/**
 * Reads a page of each past, then the next of each, until all are at their ends
 * or `goesOn` says no. Null: all went well.
 */
export async function readPages(
  connection: StatementRunner,
  pasts: readonly Past[],
  goesOn: () => boolean = () => true,
): Promise<ReadTrouble | null> {
  const byName = new Map(pasts.map((past) => [past.range.partition, past]));
  for (;;) {
    const open = pasts.filter(({ isAtEnd }) => !isAtEnd);
    if (open.length === 0 || !goesOn()) return null;
    const most = Math.max(1, Math.floor(PAGE_EVENTS / open.length));
    const wanted = JSON.stringify(open.map((past) => past.nextPage(most)));
    const page = await connection.run(PAGE, [wanted]);
    if (page.kind !== "ok") return page;
    for (const cells of page.rows) {
      byName.get(String(cells.partition))!.take(cells);
    }
    for (const past of open) past.endPage();
  }
}

/** One partition as it is read. */
export class Past {
  readonly range: EventRange;
  /** Nothing more is to be read. */
  isAtEnd: boolean;
  readonly #path: string;
  readonly #take: (event: JournalEvent) => void;
  #rows = 0;
  #events = 0;
  #sequence: number;
  #epoch: number;
  #pageFrom: number;

  /** Hands events over to `take`; `place` names the store in errors. */
  constructor(
    place: string,
    range: EventRange,
    take: (event: JournalEvent) => void,
  ) {
    this.range = range;
    this.#path = `${place} ${range.partition}`;
    this.#take = take;
    this.#sequence = range.after;
    this.#pageFrom = range.after;
    this.#epoch = range.epoch;
    this.isAtEnd = range.after >= range.to;
  }

  /** What was read so far. */
  get read(): EventsRead {
    return {
      kind: "ok",
      ...{ rows: this.#rows, events: this.#events },
      ...{ sequence: this.#sequence, epoch: this.#epoch },
    };
  }

  /** What to ask for, up to so many events, as the statement takes it. */
  nextPage(most: number) {
    const { partition, to } = this.range;
    this.#pageFrom = this.#sequence;
    const until = Math.min(to, this.#sequence + most);
    return { name: partition, after: this.#sequence, until };
  }

  /** The next row. */
  take(cells: Readonly<Record<string, unknown>>): void {
    const row = rowOf(this.range.partition, cells);
    if (row.firstSequence !== this.#sequence + 1 || row.epoch < this.#epoch) {
      throw this.#torn(`epoch ${row.epoch}, sequence ${row.firstSequence}`);
    }
    const events = eventsOf(row, this.#path);
    for (const event of events) this.#take(event);
    this.#epoch = row.epoch;
    this.#sequence += row.eventCount;
    this.#rows++;
    this.#events += events.length;
  }

  /** No more rows are in the page. */
  endPage(): void {
    const { to } = this.range;
    const isEmpty = this.#sequence === this.#pageFrom;
    // Nothing stands behind what was read, or something is missing.
    if (isEmpty && to < Infinity) throw this.#torn("none");
    this.isAtEnd = isEmpty || this.#sequence >= to;
    if (this.#sequence <= to) return;
    const found = `sequence ${this.#sequence} in the last row`;
    throw torn(this.#path, to + 1, this.#epoch, found);
  }

  #torn(found: string): StoreError {
    return torn(this.#path, this.#sequence + 1, this.#epoch, found);
  }
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
