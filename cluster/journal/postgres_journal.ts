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
import { readEvents, type ReadTrouble } from "./postgres_events.ts";
import { readSnapshot } from "./postgres_snapshots.ts";
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
    const taken = await this.#connection.run(
      TAKE_OVER,
      [JSON.stringify(partitions)],
    );
    if (taken.kind !== "ok") return taken;
    const takeOverMs = clock.monotonicMs() - startedMs;
    const recovered = new Map<string, Recovered>();
    const total = { snapshots: 0, rows: 0, events: 0 };
    for (const row of taken.rows) {
      const partition = String(row.partition);
      const epoch = Number(row.epoch);
      const lastSequence = Number(row.last_sequence);
      const read = await this.#read(partition, lastSequence, into(partition));
      if (read.kind !== "ok") return read;
      total.snapshots += read.snapshots;
      total.rows += read.rows;
      total.events += read.events;
      this.#owned.set(partition, { epoch, sequence: lastSequence });
      recovered.set(partition, { partition, epoch, lastSequence });
    }
    this.#lastRecovery = {
      partitions: partitions.length,
      ...total,
      takeOverMs,
      durationMs: clock.monotonicMs() - startedMs,
    };
    log.write("info", "journal recovered", { domain, ...this.#lastRecovery });
    return partitions.map((partition) => recovered.get(partition)!);
  }

  async #replay(
    partition: string,
    owned: Owned,
    into: FoldTarget,
  ): Promise<number | ReadTrouble> {
    const read = await this.#read(partition, owned.sequence, into);
    return read.kind === "ok" ? read.sequence : read;
  }

  /** The newest fitting snapshot and what follows it, up to an event. */
  async #read(partition: string, to: number, into: FoldTarget) {
    const { snapshotOriginOf, log } = this.#options;
    const origin = snapshotOriginOf?.(partition) ?? null;
    const snapshot = origin === null || to === 0
      ? null
      : await readSnapshot(this.#connection, { partition, origin, to }, log);
    if (snapshot !== null) into.snapshot(snapshot.state, snapshot.sequence);
    const read = await readEvents(this.#connection, this.#place, {
      partition,
      after: snapshot?.sequence ?? 0,
      to,
      epoch: snapshot?.epoch ?? 0,
    }, (event: JournalEvent) => into.event(event));
    return { ...read, snapshots: snapshot === null ? 0 : 1 };
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
