/**
 * `snapshots.sqlite`: for each partition the fold of its events up to some
 * sequence. A copy, never the truth: one that is missing, damaged or of
 * another origin is passed over, and the fold starts earlier.
 *
 * States are written in V8's own format, which keeps maps, sets, shared
 * references and odd numbers as they are, and reads what older versions wrote.
 *
 * @module
 */
import { deserialize } from "node:v8";
import type { DatabaseSync } from "node:sqlite";
import type { Log } from "../../actors/runtime/ports.ts";
import {
  exists,
  type FileKind,
  openExisting,
  openOrCreate,
} from "./database.ts";
import type { Positions } from "./merge.ts";

const SNAPSHOT_FILE: FileKind = {
  what: "a file of snapshots",
  applicationId: "DbSn",
  format: 1,
  schema: `
    CREATE TABLE snapshots (
      partition TEXT PRIMARY KEY,
      origin TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      positions TEXT NOT NULL,
      state BLOB NOT NULL
    ) STRICT;
  `,
};

/** The fold of a partition's events up to `sequence`. */
export interface Snapshot {
  readonly partition: string;
  /** The epoch of the event at `sequence`. */
  readonly epoch: number;
  readonly sequence: number;
  /** Every row of the partition up to these is in the state. */
  readonly positions: Positions;
  /** The state without its `volatile` member. */
  readonly state: unknown;
}

/**
 * What a state depends on besides events: the release, the behavior and its
 * arguments. A snapshot counts only where all are the same.
 */
export function snapshotOrigin(
  release: string,
  behaviorName: string,
  args: unknown,
): string {
  return JSON.stringify([release, behaviorName, args]);
}

/** The snapshots of a store. */
export class SnapshotFile {
  readonly #database: DatabaseSync;
  readonly #log: Log;

  private constructor(database: DatabaseSync, log: Log) {
    this.#database = database;
    this.#log = log;
  }

  /** Null when there is none, or none that can be read. */
  static openToRead(
    folder: string,
    storeId: string,
    log: Log,
  ): SnapshotFile | null {
    const path = `${folder}/snapshots.sqlite`;
    if (!exists(path)) return null;
    try {
      const options = { storeId, readOnly: true };
      return new SnapshotFile(openExisting(path, SNAPSHOT_FILE, options), log);
    } catch (error) {
      log.write("warn", "snapshots ignored", { cause: String(error) });
      return null;
    }
  }

  /** Throws `StoreError` when another kind of file has the name. */
  static openToWrite(folder: string, storeId: string, log: Log): SnapshotFile {
    const path = `${folder}/snapshots.sqlite`;
    const options = { storeId, synchronous: "NORMAL" } as const;
    return new SnapshotFile(openOrCreate(path, SNAPSHOT_FILE, options), log);
  }

  /** Null when there is none of that origin, or it cannot be read. */
  read(partition: string, origin: string): Snapshot | null {
    try {
      const row = this.#database.prepare(`
        SELECT epoch, sequence, positions, state
        FROM snapshots WHERE partition = ? AND origin = ?`)
        .get(partition, origin);
      if (row === undefined) return null;
      return {
        partition,
        epoch: Number(row.epoch),
        sequence: Number(row.sequence),
        positions: JSON.parse(String(row.positions)),
        state: deserialize(row.state as Uint8Array),
      };
    } catch (error) {
      const fields = { partition, cause: String(error) };
      this.#log.write("warn", "snapshot ignored", fields);
      return null;
    }
  }

  /**
   * Replaces the partition's snapshot; `state` is in V8's format. Throws what
   * the disk says.
   */
  write(
    snapshot: Omit<Snapshot, "state">,
    origin: string,
    state: Uint8Array,
  ): void {
    this.#database.prepare(
      "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)",
    ).run(
      snapshot.partition,
      origin,
      snapshot.epoch,
      snapshot.sequence,
      JSON.stringify(snapshot.positions),
      state,
    );
  }

  close(): void {
    this.#database.close();
  }
}
