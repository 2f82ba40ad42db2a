/**
 * Reads the past of partitions that may have to be taken over soon, while their
 * owner still appends: what is committed stays as it is, so that a take-over
 * has to read only what came after.
 *
 * That holds for one server. Behind a new connection may stand another one,
 * which was a replica and has less; so what was read is good for the connection
 * that it came by, and for no other.
 *
 * @module
 */
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import type { PostgresConnection } from "./postgres_connection.ts";
import { type EventsRead, Past, readPages } from "./postgres_events.ts";
import { readSnapshot } from "./postgres_snapshots.ts";
import type { Snapshot } from "./snapshot_file.ts";

/** What is known of a partition. */
export interface KnownPast {
  readonly snapshot: Snapshot | null;
  /** Those after the snapshot, oldest first. */
  readonly events: readonly JournalEvent[];
  /** How far they go. */
  readonly read: EventsRead;
}

/** By what to read. */
export interface ReadAheadOptions {
  readonly connection: PostgresConnection;
  /** Names the store in errors. */
  readonly place: string;
  readonly log: Log;
  /** Which snapshots fit. */
  readonly snapshotOriginOf: (partition: string) => string;
}

/**
 * Events that are kept: some 20 MB for a second or two, and half a second of
 * reading. What comes after is read when it is sure to be needed.
 */
const MOST_EVENTS = 100_000;

/** See the module. */
export class ReadAhead {
  readonly #options: ReadAheadOptions;
  readonly #known = new Map<string, KnownPast>();
  readonly #reading: Promise<void>;
  /** Of the connection that all came by. */
  #number = 0;
  #isWanted = true;

  /** Begins at once. */
  constructor(partitions: readonly string[], options: ReadAheadOptions) {
    this.#options = options;
    this.#reading = this.#read(partitions);
  }

  /** Reads no more; resolves when that is so. */
  async end(): Promise<void> {
    this.#isWanted = false;
    await this.#reading;
  }

  /** What is known, if it still is to be believed; to be asked after `end`. */
  of(partition: string): KnownPast | null {
    const isSame = this.#options.connection.number === this.#number;
    return isSame ? this.#known.get(partition) ?? null : null;
  }

  async #read(partitions: readonly string[]): Promise<void> {
    const { connection, log } = this.#options;
    try {
      const begun: Begun[] = [];
      for (const partition of partitions) {
        if (!this.#isWanted) return;
        begun.push(await this.#begin(partition));
        // The first statement made it.
        if (begun.length === 1) this.#number = connection.number;
      }
      const pasts = begun.map(({ past }) => past);
      const trouble = await readPages(
        connection,
        pasts,
        () => this.#isWanted && eventsOf(pasts) < MOST_EVENTS,
      );
      if (trouble !== null) throw trouble.cause;
      for (const { past, snapshot, events } of begun) {
        const { partition } = past.range;
        this.#known.set(partition, { snapshot, events, read: past.read });
      }
      log.write("debug", "journal read ahead", { events: eventsOf(pasts) });
    } catch (error) {
      // Whoever takes over reads it again, and says what is wrong.
      log.write("debug", "journal not read ahead", { cause: String(error) });
    }
  }

  async #begin(partition: string): Promise<Begun> {
    const { connection, place, log, snapshotOriginOf } = this.#options;
    const snapshot = await readSnapshot(connection, {
      partition,
      origin: snapshotOriginOf(partition),
      to: Number.MAX_SAFE_INTEGER,
    }, log);
    const events: JournalEvent[] = [];
    const past = new Past(place, {
      partition,
      after: snapshot?.sequence ?? 0,
      to: Infinity,
      epoch: snapshot?.epoch ?? 0,
    }, (event) => void events.push(event));
    return { past, snapshot, events };
  }
}

interface Begun {
  readonly past: Past;
  readonly snapshot: Snapshot | null;
  readonly events: readonly JournalEvent[];
}

function eventsOf(pasts: readonly Past[]): number {
  return pasts.reduce((sum, { read }) => sum + read.events, 0);
}
