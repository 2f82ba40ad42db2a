/**
 * The journal port on SQLite: a file for this commit domain to write, the
 * files of all domains to read.
 *
 * An append is one transaction whose inserts happen only while the owner's
 * epoch stands in this file. A take-over writes a higher epoch into every file
 * before it reads any, one take-over at a time, so an owner that lost its
 * partitions and does not know it is refused in the statement that writes.
 * SQLite writes the commit into the file's log; the disk is made to keep it
 * beside the actors' thread (ADR 8), so they run on meanwhile. Everything else
 * is synchronous: its callbacks come before the call returns.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type {
  Append,
  AppendResult,
  Clock,
  FoldTarget,
  Journal,
  Log,
  Recovered,
} from "../../actors/runtime/ports.ts";
import { readIdentity } from "./data_folder.ts";
import { asStoreError, failureOf, openOrCreate } from "./database.ts";
import {
  EVENTS_VERSION,
  JOURNAL_FILE,
  journalPath,
  journalPaths,
  openLog,
} from "./journal_file.ts";
import { merge, type Merged, type Positions, type Progress } from "./merge.ts";
import { SnapshotFile } from "./snapshot_file.ts";
import { takeOver } from "./take_over.ts";

/** What a journal is opened with. */
export interface SqliteJournalOptions {
  /** The data folder; somebody holds it with `openDataFolder`. */
  readonly folder: string;
  /** The commit domain, such as `worker-0`. One writer at a time is served. */
  readonly domain: string;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Which snapshots of a partition fit (`snapshotOrigin`). Without it none is
   * read.
   */
  readonly snapshotOriginOf?: (partition: string) => string;
}

/** What the last recovery read and how long it took. */
export interface RecoveryReport {
  readonly partitions: number;
  readonly snapshots: number;
  readonly rows: number;
  readonly events: number;
  /** Raising the epochs in every file. */
  readonly takeOverMs: number;
  /** All of it. */
  readonly durationMs: number;
}

/** What this domain owns: the partition's number in this file. */
interface Owned {
  readonly id: number;
  epoch: number;
  /** The newest durable event. */
  sequence: number;
}

/**
 * Rows whose sync this thread waits for itself: one purchase writes two. A
 * sync takes 0.3 ms or more, waking another thread for it 0.05 ms; what came
 * in meanwhile makes the next batch larger.
 */
const SYNCED_HERE_ROWS = 4;

/** The journal of one commit domain. */
export class SqliteJournal implements Journal {
  readonly #options: SqliteJournalOptions;
  readonly #storeId: string;
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #insert: StatementSync;
  readonly #commit: StatementSync;
  readonly #owned = new Map<string, Owned>();
  readonly #log: Deno.FsFile;
  #lastRecovery: RecoveryReport | null = null;

  /**
   * Opens the domain's file, creating it when it is missing. Throws
   * `StoreError` when it is not a journal of this store.
   */
  constructor(options: SqliteJournalOptions) {
    this.#options = options;
    this.#storeId = readIdentity(options.folder).storeId;
    this.#path = journalPath(options.folder, options.domain);
    this.#database = openOrCreate(this.#path, JOURNAL_FILE, {
      storeId: this.#storeId,
      synchronous: "NORMAL",
    });
    // Reading the store's id has made the log, and it stays while we are here.
    this.#log = openLog(this.#path)!;
    this.#begin = this.#database.prepare("BEGIN IMMEDIATE");
    this.#insert = this.#database.prepare(`
      INSERT INTO events (partition, epoch, first_sequence, event_count,
        written_at_ms, version, events)
      SELECT id, epoch, ?3, ?4, ?5, ${EVENTS_VERSION}, ?6
      FROM owners WHERE id = ?1 AND epoch = ?2`);
    this.#commit = this.#database.prepare("COMMIT");
  }

  /** What the last `recover` did; null before the first. */
  get lastRecovery(): RecoveryReport | null {
    return this.#lastRecovery;
  }

  /** Throws `StoreError` when the past cannot be read or makes no sense. */
  recover(
    partitions: readonly string[],
    into: (partition: string) => FoldTarget,
    done: (recovered: readonly Recovered[] | null) => void,
  ): void {
    done(this.#orNull("recover", () => this.#recover(partitions, into)));
  }

  /** Throws `StoreError` when the past cannot be read or makes no sense. */
  replay(
    partition: string,
    into: FoldTarget,
    done: (lastSequence: number | null) => void,
  ): void {
    if (!this.#owned.has(partition)) {
      throw new TypeError(`Cannot replay "${partition}" as it is not owned`);
    }
    done(this.#orNull("replay", () => {
      const { progress } = this.#read([partition], () => into);
      return progress.get(partition)!.sequence;
    }));
  }

  /** Throws `RangeError` for events that do not follow the newest one. */
  append(
    appends: readonly Append[],
    done: (result: AppendResult) => void,
  ): void {
    const result = this.#write(appends);
    if (result !== "written") return done(result);
    if (appends.length <= SYNCED_HERE_ROWS) return done(this.#syncHere());
    this.#log.syncData().then(
      () => done("durable"),
      (error) => done(this.#syncFailed(error)),
    );
  }

  /** Ends all use. What was appended stays. */
  close(): void {
    this.#log.close();
    this.#database.close();
  }

  #syncHere(): AppendResult {
    try {
      this.#log.syncDataSync();
      return "durable";
    } catch (error) {
      return this.#syncFailed(error);
    }
  }

  #syncFailed(error: unknown): AppendResult {
    this.#logFailure("append", error);
    return "unknown";
  }

  /** Commits into the log; a crash of the system can still take it back. */
  #write(
    appends: readonly Append[],
  ): "written" | Exclude<AppendResult, "durable"> {
    const writtenAtMs = Math.floor(this.#options.clock.wallMs());
    let inserted = 0;
    let committing = false;
    try {
      this.#begin.run();
      for (const append of appends) {
        if (!this.#insertRow(append, writtenAtMs)) {
          this.#rollBack(appends, inserted);
          return "fenced";
        }
        inserted++;
      }
      committing = true;
      this.#commit.run();
      return "written";
    } catch (error) {
      this.#rollBack(appends, inserted);
      const failure = failureOf(error, committing);
      if (failure === "bug") throw error;
      this.#logFailure("append", error);
      return failure === "corrupt" ? "unavailable" : failure;
    }
  }

  /** False when another owner's epoch stands in the file. */
  #insertRow(append: Append, writtenAtMs: number): boolean {
    const { partition, epoch, firstSequence, events } = append;
    const owned = this.#owned.get(partition);
    if (owned === undefined) return false;
    const { changes } = this.#insert.run(
      owned.id,
      epoch,
      firstSequence,
      events.length,
      writtenAtMs,
      JSON.stringify(events),
    );
    if (changes === 0) return false;
    if (firstSequence !== owned.sequence + 1) {
      throw new RangeError(
        `Cannot append to "${partition}" as sequence ${owned.sequence + 1} ` +
          `comes next: current value is ${firstSequence}`,
      );
    }
    owned.sequence += events.length;
    return true;
  }

  #rollBack(appends: readonly Append[], inserted: number): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    for (let index = inserted - 1; index >= 0; index--) {
      const { partition, firstSequence } = appends[index]!;
      this.#owned.get(partition)!.sequence = firstSequence - 1;
    }
  }

  #recover(
    partitions: readonly string[],
    into: (partition: string) => FoldTarget,
  ): readonly Recovered[] {
    const { clock, log, domain } = this.#options;
    const startedMs = clock.monotonicMs();
    const epochs = takeOver(partitions, {
      folder: this.#options.folder,
      storeId: this.#storeId,
      path: this.#path,
      database: this.#database,
    });
    const takeOverMs = clock.monotonicMs() - startedMs;
    const { merged, progress, snapshots } = this.#read(partitions, into);
    const recovered = partitions.map((partition) => {
      const epoch = epochs.get(partition)!;
      const lastSequence = progress.get(partition)!.sequence;
      const id = this.#idOf(partition);
      this.#owned.set(partition, { id, epoch, sequence: lastSequence });
      return { partition, epoch, lastSequence };
    });
    this.#lastRecovery = {
      partitions: partitions.length,
      snapshots,
      rows: merged.rows,
      events: merged.events,
      takeOverMs,
      durationMs: clock.monotonicMs() - startedMs,
    };
    log.write("info", "journal recovered", { domain, ...this.#lastRecovery });
    return recovered;
  }

  #read(
    partitions: readonly string[],
    into: (partition: string) => FoldTarget,
  ) {
    const { folder } = this.#options;
    const { progress, after, snapshots } = this.#readSnapshots(
      partitions,
      into,
    );
    const paths = journalPaths(folder);
    const source = { storeId: this.#storeId, paths, after, isQuiet: true };
    const merged: Merged = merge(source, progress);
    return { merged, progress, snapshots };
  }

  /** The newest fitting snapshots, and from where on rows are still needed. */
  #readSnapshots(
    partitions: readonly string[],
    into: (partition: string) => FoldTarget,
  ) {
    const { folder, log, snapshotOriginOf } = this.#options;
    const file = snapshotOriginOf === undefined
      ? null
      : SnapshotFile.openToRead(folder, this.#storeId, log);
    const progress = new Map<string, Progress>();
    const positions: Positions[] = [];
    try {
      for (const partition of partitions) {
        const target = into(partition);
        const found = file?.read(partition, snapshotOriginOf!(partition));
        if (found) target.snapshot(found.state, found.sequence);
        positions.push(found?.positions ?? {});
        const sequence = found?.sequence ?? 0;
        progress.set(partition, {
          epoch: found?.epoch ?? 0,
          sequence,
          snapshotSequence: sequence,
          event: (event) => target.event(event),
        });
      }
    } finally {
      file?.close();
    }
    const snapshots = positions.filter((each) => Object.keys(each).length > 0)
      .length;
    return { progress, after: earliest(positions), snapshots };
  }

  #idOf(partition: string): number {
    const row = this.#database.prepare(
      "SELECT id FROM owners WHERE partition = ?",
    ).get(partition);
    return Number(row!.id);
  }

  #orNull<Result>(what: string, work: () => Result): Result | null {
    try {
      return work();
    } catch (error) {
      const failure = failureOf(error);
      if (failure === "bug" || failure === "corrupt") {
        throw asStoreError(error, this.#path);
      }
      this.#logFailure(what, error);
      return null;
    }
  }

  #logFailure(what: string, error: unknown): void {
    this.#options.log.write("error", `journal failed to ${what}`, {
      domain: this.#options.domain,
      cause: String(error),
    });
  }
}

/** The least position for each file; a file that one does not name is 0. */
function earliest(positions: readonly Positions[]): Positions {
  const [first, ...rest] = positions;
  const least: Record<string, number> = { ...first };
  for (const name of Object.keys(least)) {
    for (const each of rest) {
      least[name] = Math.min(least[name]!, each[name] ?? 0);
    }
  }
  return least;
}
