/**
 * The journal port on PostgreSQL: one table of events for all processes, and
 * one of owners, a row for each partition with its epoch and its newest event.
 *
 * An append changes the rows of its owners in the statement that inserts, and
 * only where epoch and newest event are as its writer knows them. So it waits
 * for a take-over under way, and a take-over waits for it; whoever comes second
 * sees what the first one did. A condition that only read those rows would let
 * an old owner's append land after the new owner has read.
 *
 * A take-over and an append are one statement each. So no process that stops
 * in between keeps a lock, and both lock rows in the order of names, so that
 * nobody waits in a circle.
 *
 * @module
 */
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import type {
  Append,
  AppendResult,
  Clock,
  FoldTarget,
  Journal,
  Log,
  Recovered,
} from "../../actors/runtime/ports.ts";
import { EVENTS_VERSION } from "./journal_file.ts";
import {
  placeOf,
  type PostgresAccess,
  PostgresConnection,
} from "./postgres_connection.ts";
import { Past, readPages, type ReadTrouble } from "./postgres_events.ts";
import { readSnapshot } from "./postgres_snapshots.ts";
import { ReadAhead } from "./read_ahead.ts";
import type { Snapshot } from "./snapshot_file.ts";
import type { RecoveryReport } from "./sqlite_journal.ts";

/** What a journal is opened with. */
export interface PostgresJournalOptions extends PostgresAccess {
  /** The commit domain, such as `worker-0`. */
  readonly domain: string;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Which snapshots of a partition fit (`snapshotOrigin`). Without it none is
   * read.
   */
  readonly snapshotOriginOf?: (partition: string) => string;
  /**
   * A past that makes no sense (`StoreError`), a fold that threw, or a mistake:
   * what another journal throws out of the call. Its `done` is never called.
   */
  readonly broken: (error: unknown) => void;
}

/** What this domain owns. */
interface Owned {
  epoch: number;
  /** The newest event, durable or on its way. */
  sequence: number;
}

interface Waiting {
  readonly appends: readonly Append[];
  readonly done: (result: AppendResult) => void;
}

/** The journal of one commit domain. The tables are there already. */
export class PostgresJournal implements Journal {
  readonly #options: PostgresJournalOptions;
  readonly #connection: PostgresConnection;
  readonly #place: string;
  readonly #owned = new Map<string, Owned>();
  readonly #waiting: Waiting[] = [];
  readonly #statements = new Map<number, string>();
  #isAppending = false;
  #lastRecovery: RecoveryReport | null = null;
  #ahead: ReadAhead | null = null;

  /** Connects when it is first used. */
  constructor(options: PostgresJournalOptions) {
    this.#options = options;
    this.#connection = new PostgresConnection(options, options.domain);
    this.#place = placeOf(options.url);
  }

  /** What the last `recover` did; null before the first. */
  get lastRecovery(): RecoveryReport | null {
    return this.#lastRecovery;
  }

  /**
   * Reads what it can of partitions that somebody else owns, as `recover` may
   * have to take them over soon and is to be quick then.
   */
  readAhead(partitions: readonly string[]): void {
    const { log, snapshotOriginOf } = this.#options;
    if (snapshotOriginOf === undefined) return;
    this.#ahead = new ReadAhead(partitions, {
      ...{ connection: this.#connection, place: this.#place },
      ...{ log, snapshotOriginOf },
    });
  }

  recover(
    partitions: readonly string[],
    into: (partition: string) => FoldTarget,
    done: (recovered: readonly Recovered[] | null) => void,
  ): void {
    this.#settle("recover", this.#recover(partitions, into), done);
  }

  replay(
    partition: string,
    into: FoldTarget,
    done: (lastSequence: number | null) => void,
  ): void {
    const owned = this.#owned.get(partition);
    if (owned === undefined) {
      throw new TypeError(`Cannot replay "${partition}" as it is not owned`);
    }
    this.#settle("replay", this.#replay(partition, owned, into), done);
  }

  /**
   * Sends one append at a time. When one fails, those that wait behind it are
   * not sent and fail with it. Throws `RangeError` for events that do not
   * follow the newest one.
   */
  append(
    appends: readonly Append[],
    done: (result: AppendResult) => void,
  ): void {
    for (const { partition, firstSequence } of appends) {
      const next = (this.#owned.get(partition)?.sequence ?? NaN) + 1;
      if (firstSequence === next || Number.isNaN(next)) continue;
      throw new RangeError(
        `Cannot append to "${partition}" as sequence ${next} comes next: ` +
          `current value is ${firstSequence}`,
      );
    }
    for (const { partition, events } of appends) {
      const owned = this.#owned.get(partition);
      if (owned !== undefined) owned.sequence += events.length;
    }
    this.#waiting.push({ appends, done });
    if (!this.#isAppending) {
      this.#appendAll().catch(this.#options.broken);
    }
  }

  /** Ends all use when what is under way has ended. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #appendAll(): Promise<void> {
    this.#isAppending = true;
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const result = await this.#append(next.appends);
      if (result === "durable") {
        this.#waiting.shift();
        next.done(result);
        continue;
      }
      const failed = this.#waiting.splice(0);
      for (const { appends } of failed.toReversed()) this.#takeBack(appends);
      // Only the first one was sent.
      const rest = result === "unknown" ? "unavailable" : result;
      for (const each of failed) each.done(each === next ? result : rest);
    }
    this.#isAppending = false;
  }

  async #append(appends: readonly Append[]): Promise<AppendResult> {
    if (!appends.every(({ partition }) => this.#owned.has(partition))) {
      return "fenced";
    }
    const values: (string | number)[] = [
      Math.floor(this.#options.clock.wallMs()),
    ];
    for (const { partition, epoch, firstSequence, events } of appends) {
      const text = JSON.stringify(events);
      values.push(partition, epoch, firstSequence, events.length, text);
    }
    const answer = await this.#connection.run(
      this.#statementOf(appends.length),
      values,
    );
    if (answer.kind === "ok") {
      return answer.count === appends.length ? "durable" : "fenced";
    }
    this.#logFailure("append", answer);
    return answer.kind;
  }

  /** At most as many as the domain has partitions. */
  #statementOf(rows: number): string {
    let statement = this.#statements.get(rows);
    if (statement === undefined) {
      statement = appendOf(rows);
      this.#statements.set(rows, statement);
    }
    return statement;
  }

  #takeBack(appends: readonly Append[]): void {
    for (const { partition, firstSequence } of appends) {
      const owned = this.#owned.get(partition);
      if (owned !== undefined) owned.sequence = firstSequence - 1;
    }
  }

  async #recover(
    partitions: readonly string[],
    into: (partition: string) => FoldTarget,
  ): Promise<readonly Recovered[] | ReadTrouble> {
    const { clock, log, domain } = this.#options;
    const startedMs = clock.monotonicMs();
    const ahead = this.#ahead;
    this.#ahead = null;
    await ahead?.end();
    const taken = await this.#connection.run(
      TAKE_OVER,
      [JSON.stringify(partitions)],
    );
    if (taken.kind !== "ok") return taken;
    const takeOverMs = clock.monotonicMs() - startedMs;
    const ends = taken.rows.map((row) => ({
      partition: String(row.partition),
      epoch: Number(row.epoch),
      lastSequence: Number(row.last_sequence),
    }));
    const read = await this.#read(ends, into, ahead);
    if ("cause" in read) return read;
    for (const { partition, epoch, lastSequence } of ends) {
      this.#owned.set(partition, { epoch, sequence: lastSequence });
    }
    this.#lastRecovery = {
      partitions: partitions.length,
      ...read,
      takeOverMs,
      durationMs: clock.monotonicMs() - startedMs,
    };
    log.write("info", "journal recovered", { domain, ...this.#lastRecovery });
    const recovered = new Map(ends.map((end) => [end.partition, end]));
    return partitions.map((partition) => recovered.get(partition)!);
  }

  async #replay(
    partition: string,
    owned: Owned,
    into: FoldTarget,
  ): Promise<number | ReadTrouble> {
    const { sequence } = owned;
    const end = { partition, lastSequence: sequence };
    const read = await this.#read([end], () => into, null);
    return "cause" in read ? read : sequence;
  }

  /**
   * Hands over the newest fitting snapshots and what follows them, each up to
   * the partition's newest event, of which `ahead` may know some already.
   */
  async #read(
    ends: readonly Pick<Recovered, "partition" | "lastSequence">[],
    into: (partition: string) => FoldTarget,
    ahead: ReadAhead | null,
  ): Promise<
    { snapshots: number; rows: number; events: number } | ReadTrouble
  > {
    const total = { snapshots: 0, rows: 0, events: 0 };
    const pasts: Past[] = [];
    for (const { partition, lastSequence: to } of ends) {
      const target = into(partition);
      const take = (event: JournalEvent) => target.event(event);
      const known = ahead?.of(partition) ?? null;
      const snapshot = known === null
        ? await this.#snapshot(partition, to)
        : known.snapshot;
      if (snapshot !== null) {
        total.snapshots++;
        target.snapshot(snapshot.state, snapshot.sequence);
      }
      known?.events.forEach(take);
      total.rows += known?.read.rows ?? 0;
      total.events += known?.read.events ?? 0;
      const { sequence: after, epoch } = known?.read ?? snapshot ?? NOTHING;
      const range = { partition, after, to, epoch };
      pasts.push(new Past(this.#place, range, take));
    }
    const trouble = await readPages(this.#connection, pasts);
    if (trouble !== null) return trouble;
    for (const { read } of pasts) {
      total.rows += read.rows;
      total.events += read.events;
    }
    return total;
  }

  async #snapshot(partition: string, to: number): Promise<Snapshot | null> {
    const { snapshotOriginOf, log } = this.#options;
    if (snapshotOriginOf === undefined || to === 0) return null;
    const origin = snapshotOriginOf(partition);
    return await readSnapshot(this.#connection, { partition, origin, to }, log);
  }

  #settle<Result>(
    what: string,
    work: Promise<Result | ReadTrouble>,
    done: (result: Result | null) => void,
  ): void {
    work.then((result) => {
      if (!isTrouble(result)) return done(result);
      this.#logFailure(what, result);
      done(null);
    }).catch(this.#options.broken);
  }

  #logFailure(what: string, { cause }: { cause: unknown }): void {
    this.#options.log.write("error", `journal failed to ${what}`, {
      domain: this.#options.domain,
      cause: String(cause),
    });
  }
}

/** Before the first event. */
const NOTHING = { sequence: 0, epoch: 0 };

function isTrouble(result: unknown): result is ReadTrouble {
  return typeof result === "object" && result !== null && "cause" in result;
}

/**
 * Raises epochs, and says with which event each partition ends: later ones
 * belong to who takes over next.
 */
const TAKE_OVER = `
  INSERT INTO doorbuster.owners AS owner (partition, epoch, last_sequence)
  SELECT name COLLATE "C", 1, 0 FROM json_array_elements_text($1::text::json) AS name
  ORDER BY 1
  ON CONFLICT (partition) DO UPDATE SET epoch = owner.epoch + 1
  RETURNING partition, epoch, last_sequence`;

/**
 * Appends so many rows, all or none. `held` is the fence: it locks the owners
 * that are as their writer knows them, in the order of names, and looks at one
 * again when it had to wait for its lock. Only when it has all of them are they
 * changed and rows inserted. No foreign key: each row comes from its owner, and
 * a key would be looked up with every row.
 */
function appendOf(rows: number): string {
  const input = Array.from({ length: rows }, (_, index) => {
    const at = 2 + 5 * index;
    return `($${at}::text, $${at + 1}::bigint, $${at + 2}::bigint, ` +
      `$${at + 3}::integer, $${at + 4}::text)`;
  });
  return `
    WITH input (partition, epoch, first_sequence, event_count, events) AS (
      VALUES ${input.join(", ")}
    ), held AS (
      SELECT 1 FROM doorbuster.owners AS owner JOIN input USING (partition)
      WHERE owner.epoch = input.epoch
        AND owner.last_sequence = input.first_sequence - 1
      ORDER BY owner.partition
      FOR NO KEY UPDATE OF owner
    ), moved AS (
      UPDATE doorbuster.owners AS owner
      SET last_sequence = owner.last_sequence + input.event_count
      FROM input
      WHERE owner.partition = input.partition
        AND (SELECT count(*) FROM held) = ${rows}
      RETURNING input.*
    )
    INSERT INTO doorbuster.events (partition, epoch, first_sequence,
      event_count, events, written_at_ms, version)
    SELECT moved.*, $1::bigint, ${EVENTS_VERSION} FROM moved`;
}
