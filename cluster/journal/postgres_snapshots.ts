/**
 * The snapshots of a store in PostgreSQL: for each partition the fold of its
 * events up to some sequence, in V8's format as in a data folder. Copies, never
 * the truth: one that is missing, damaged or of another origin is passed over.
 *
 * @module
 */
import { deserialize } from "node:v8";
import type { Log } from "../../actors/runtime/ports.ts";
import type { PostgresConnection } from "./postgres_connection.ts";
import type { Snapshot } from "./snapshot_file.ts";

/** Which snapshot is wanted. */
export interface SnapshotWish {
  readonly partition: string;
  /** What it depends on besides events (`snapshotOrigin`). */
  readonly origin: string;
  /** The newest event that it may hold. */
  readonly to: number;
}

/** Null when there is none of that origin, or it cannot be read. */
export async function readSnapshot(
  connection: PostgresConnection,
  { partition, origin, to }: SnapshotWish,
  log: Log,
): Promise<Omit<Snapshot, "positions"> | null> {
  try {
    const answer = await connection.run(
      `SELECT epoch, sequence, state FROM doorbuster.snapshots
       WHERE partition = $1 AND origin = $2 AND sequence <= $3`,
      [partition, origin, to === Infinity ? Number.MAX_SAFE_INTEGER : to],
    );
    if (answer.kind !== "ok") throw answer.cause;
    const [row] = answer.rows;
    return row === undefined ? null : {
      partition,
      epoch: Number(row.epoch),
      sequence: Number(row.sequence),
      state: deserialize(row.state as Uint8Array),
    };
  } catch (error) {
    log.write("warn", "snapshot ignored", { partition, cause: String(error) });
    return null;
  }
}
