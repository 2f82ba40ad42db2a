/**
 * Writes snapshots beside a running shop: reads the journals like any reader,
 * folds one partition at a time with the same `apply` as its actor, and stores
 * the result, in a data folder or a database. No actor stops or even knows.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { deserialize, serialize } from "node:v8";
import type { AnyBehavior, JournalEvent } from "../../actors/runtime/actor.ts";
import type { StoragePlan } from "../worker/storage.ts";
import type { Positions } from "./merge.ts";
import { type Snapshot, snapshotOrigin } from "./snapshot_file.ts";

/** A data folder answers at once, a database later. */
type Soon<Value> = Value | Promise<Value>;

/** How far a partition was folded. */
export interface Folded {
  /** The epoch and place of its newest event. */
  readonly epoch: number;
  readonly sequence: number;
  /** Up to where files were read; empty where there are none. */
  readonly positions: Positions;
  /** Events that were handed over. */
  readonly events: number;
}

/** Where events are read and snapshots kept. */
export interface SnapshotKeeper {
  /** What a snapshot may take, in bytes. */
  readonly maxStateBytes: number;
  /** Null when there is none of that origin, or it cannot be read. */
  read(partition: string, origin: string): Soon<Snapshot | null>;
  /** Hands over what came after a snapshot; null: everything. */
  fold(
    partition: string,
    after: Snapshot | null,
    event: (event: JournalEvent) => void,
  ): Soon<Folded>;
  /** Replaces the partition's snapshot; `state` is in V8's format. */
  write(
    snapshot: Omit<Snapshot, "state">,
    origin: string,
    state: Uint8Array,
  ): Soon<void>;
  /** Ends all use. */
  close(): Soon<void>;
}

/** What to write snapshots of. Plain data: it crosses to a thread. */
export interface SnapshotRequest {
  readonly storage: StoragePlan;
  /** The running release; a snapshot of another is not used. */
  readonly release: string;
  readonly partitions: readonly {
    readonly partition: string;
    readonly args: unknown;
  }[];
}

/** What was written. */
export interface SnapshotReport {
  readonly written: number;
  /** Partitions of which a snapshot would not halve the recovery. */
  readonly unprofitable: number;
  /** Events that were folded for it. */
  readonly events: number;
  /** Partitions that have no new snapshot although they changed, and why. */
  readonly refused: readonly {
    readonly partition: string;
    readonly because: string;
  }[];
}

/**
 * Brings the snapshots of all partitions up to date. `behaviorOf` gives the
 * behavior of a partition, or throws. One that fails is told in the report and
 * stops no other.
 */
export async function writeSnapshots(
  request: Pick<SnapshotRequest, "release" | "partitions">,
  behaviorOf: (partition: string) => AnyBehavior,
  keeper: SnapshotKeeper,
): Promise<SnapshotReport> {
  const refused: { partition: string; because: string }[] = [];
  const report = { written: 0, unprofitable: 0, events: 0, refused };
  for (const { partition, args } of request.partitions) {
    try {
      const behavior = behaviorOf(partition);
      const origin = snapshotOrigin(request.release, behavior.name, args);
      const before = await keeper.read(partition, origin);
      const state = stateOf(behavior, args, before);
      const folded = await keeper.fold(
        partition,
        before,
        (event) => behavior.apply!(state, event),
      );
      if (folded.events === 0) continue;
      report.events += folded.events;
      const bytes = bytesOf(state, folded.sequence, keeper.maxStateBytes);
      if (bytes === null) {
        report.unprofitable++;
      } else {
        await keeper.write({ ...folded, partition }, origin, bytes);
        report.written++;
      }
    } catch (error) {
      refused.push({ partition, because: String(error) });
    }
  }
  return report;
}

function stateOf(
  behavior: AnyBehavior,
  args: unknown,
  before: Snapshot | null,
): { volatile?: unknown } {
  const fresh = behavior.start(args);
  return before === null
    ? fresh
    : { ...(before.state as object), volatile: fresh.volatile };
}

// Measured: reading a state back takes 21 ns a byte, folding an event of the
// real actors about 5 µs, so both take as long at 250 bytes an event. At 100 a
// snapshot more than halves the time; a shop in which hardly anything has been
// resolved since the beginning stays above it.
const MAX_BYTES_PER_EVENT = 100;

// Read within a millisecond, so never worth a thought.
const SMALL_BYTES = 32 * 1024;

/**
 * The state without `volatile` in V8's format; null when it would save
 * too little over a fold from the start. Throws when it would come back different (a class instance, a
 * function): a snapshot must be what the fold is.
 */
function bytesOf(
  state: unknown,
  events: number,
  maxBytes: number,
): Uint8Array | null {
  const { volatile: _, ...durable } = state as { volatile?: unknown };
  const bytes = serialize(durable);
  if (bytes.byteLength > maxBytes) {
    throw new RangeError(
      `Cannot write a snapshot as it must be <= ${maxBytes} bytes: ` +
        `current value is ${bytes.byteLength}`,
    );
  }
  if (bytes.byteLength > SMALL_BYTES + MAX_BYTES_PER_EVENT * events) {
    return null;
  }
  if (!isDeepStrictEqual(deserialize(bytes), durable)) {
    throw new TypeError("Cannot write a snapshot as the state is not plain");
  }
  return bytes;
}

// Where other processes wait for a take-over, each of the territories here has
// to be folded within about a second: at 5 µs an event and three territories.
const EVERY_EVENTS_SHARED = 500_000;

// As long as no order is ever archived, a state is about as large as its
// events, and reading it back saves little (docs/adr/0002). So a pass, which
// folds everything once on a core that the sale wants, must be rare.
const EVERY_EVENTS = 4_000_000;
// A pass that gains nothing still folds everything; doubling keeps the sum of
// such passes below twice the last one.
const MAX_EVERY_EVENTS = 16_000_000;
// A quiet shop gains little from a snapshot: a tenth of that is worth one only
// now and then.
const LULL_EVENTS = 50_000;
const LULL_MS = 15 * 60_000;

/** Says when new snapshots are worth their work. */
export class SnapshotSchedule {
  readonly #leastEvents: number;
  #everyEvents: number;
  #atEvents = 0;
  #atMs: number;

  /**
   * Starts at `nowMs`, on any clock that never steps. With `isShared` other
   * processes may have to take over at any time, so snapshots come more often.
   */
  constructor(nowMs: number, { isShared = false } = {}) {
    this.#atMs = nowMs;
    this.#leastEvents = isShared ? EVERY_EVENTS_SHARED : EVERY_EVENTS;
    this.#everyEvents = this.#leastEvents;
  }

  /**
   * Whether to write snapshots now, given how many events were recorded in
   * all. Saying yes starts the next period.
   */
  isDue(recordedEvents: number, nowMs: number): boolean {
    // A worker that left, or began anew, took its count along.
    this.#atEvents = Math.min(this.#atEvents, recordedEvents);
    const events = recordedEvents - this.#atEvents;
    const isLull = events >= LULL_EVENTS && nowMs - this.#atMs >= LULL_MS;
    if (events < this.#everyEvents && !isLull) return false;
    this.#atEvents = recordedEvents;
    this.#atMs = nowMs;
    return true;
  }

  /** Tells what became of it: after nothing gained it waits twice as long. */
  finished(report: Pick<SnapshotReport, "written">): void {
    this.#everyEvents = report.written > 0
      ? this.#leastEvents
      : Math.min(this.#everyEvents * 2, MAX_EVERY_EVENTS);
  }
}
