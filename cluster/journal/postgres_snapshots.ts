/**
 * The snapshots of a store in PostgreSQL: for each partition the fold of its
 * events up to some sequence, in V8's format as in a data folder. Copies, never
 * the truth: one that is missing, damaged or of another origin is passed over.
 *
 * @module
 */
import { deserialize } from "node:v8";
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import {
  placeOf,
  type PostgresAccess,
  postgresClient,
  PostgresConnection,
  within,
} from "./postgres_connection.ts";
import { readEvents } from "./postgres_events.ts";
import type { Snapshot } from "./snapshot_file.ts";
import type { Folded, SnapshotKeeper } from "./snapshots.ts";

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
): Promise<Snapshot | null> {
  try {
    const answer = await connection.run(
      `SELECT epoch, sequence, state FROM doorbuster.snapshots
       WHERE partition = $1 AND origin = $2 AND sequence <= $3 ORDER BY part`,
      [partition, origin, to],
    );
    if (answer.kind !== "ok") throw answer.cause;
    const [first] = answer.rows;
    if (first === undefined) return null;
    const parts = answer.rows.map(({ state }) => state as Uint8Array);
    return {
      partition,
      epoch: Number(first.epoch),
      sequence: Number(first.sequence),
      positions: {},
      state: deserialize(Buffer.concat(parts)),
    };
  } catch (error) {
    log.write("warn", "snapshot ignored", { partition, cause: String(error) });
    return null;
  }
}

// The client writes bytes as hexadecimal text and copies it some times.
const PART_BYTES = 4 * 1024 * 1024;
/** A state of half a gigabyte on a slow network. */
const WRITE_WITHIN_MS = 120_000;

/** See the module. Every call rejects when the server does not answer. */
export class PostgresSnapshots implements SnapshotKeeper {
  // As in a data folder, so that a shop may move.
  readonly maxStateBytes = 512 * 1024 * 1024;
  readonly #access: PostgresAccess;
  readonly #log: Log;
  readonly #connection: PostgresConnection;

  /** Connects when it is first used. */
  constructor(access: PostgresAccess, log: Log) {
    this.#access = access;
    this.#log = log;
    this.#connection = new PostgresConnection(access, "snapshots");
  }

  read(partition: string, origin: string): Promise<Snapshot | null> {
    const wish = { partition, origin, to: Number.MAX_SAFE_INTEGER };
    return readSnapshot(this.#connection, wish, this.#log);
  }

  async fold(
    partition: string,
    after: Snapshot | null,
    event: (event: JournalEvent) => void,
  ): Promise<Folded> {
    const place = placeOf(this.#access.url);
    // What is visible is durable and stays: rows of a partition are committed
    // one after the other, since each changes its owner's row.
    const read = await readEvents(this.#connection, place, {
      partition,
      after: after?.sequence ?? 0,
      to: Infinity,
      epoch: after?.epoch ?? 0,
    }, event);
    if (read.kind !== "ok") throw read.cause;
    const { epoch, sequence, events } = read;
    return { epoch, sequence, events, positions: {} };
  }

  async write(
    { partition, epoch, sequence }: Omit<Snapshot, "state">,
    origin: string,
    state: Uint8Array,
  ): Promise<void> {
    const { url, timers } = this.#access;
    const client = postgresClient(url, "snapshots", WRITE_WITHIN_MS);
    const write = client.begin(async (sql) => {
      // One writer at a time: between its two statements another could insert.
      await sql`SELECT pg_advisory_xact_lock(hashtext(${partition}))`;
      await sql`DELETE FROM doorbuster.snapshots WHERE partition = ${partition}`;
      for (let part = 0; part * PART_BYTES < state.length; part++) {
        const start = part * PART_BYTES;
        const bytes = state.subarray(start, start + PART_BYTES);
        await sql`
          INSERT INTO doorbuster.snapshots (partition, part, origin, epoch,
            sequence, state)
          VALUES (${partition}, ${part}, ${origin}, ${epoch}, ${sequence},
            ${bytes})`;
      }
    });
    try {
      await within(write, WRITE_WITHIN_MS, timers);
    } finally {
      await client.end({ timeout: 0 });
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}
