/**
 * Writes snapshots beside a running shop: reads the journals like any reader,
 * folds one partition at a time with the same `apply` as its actor, and stores
 * the result. No actor stops or even knows.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { deserialize, serialize } from "node:v8";
import type { AnyBehavior } from "../../actors/runtime/actor.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import { readIdentity } from "./data_folder.ts";
import { journalPaths } from "./journal_file.ts";
import { merge, type Progress } from "./merge.ts";
import {
  type Snapshot,
  SnapshotFile,
  snapshotOrigin,
} from "./snapshot_file.ts";

/** What to write snapshots of. Plain data: it crosses to a thread. */
export interface SnapshotRequest {
  readonly folder: string;
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
 * behavior of a partition, or throws. Throws `StoreError` when the folder
 * cannot be used at all.
 */
export function writeSnapshots(
  request: SnapshotRequest,
  behaviorOf: (partition: string) => AnyBehavior,
  log: Log,
): SnapshotReport {
  const { folder, release } = request;
  const { storeId } = readIdentity(folder);
  const file = SnapshotFile.openToWrite(folder, storeId, log);
  const refused: { partition: string; because: string }[] = [];
  const report = { written: 0, unprofitable: 0, events: 0, refused };
  try {
    for (const { partition, args } of request.partitions) {
      try {
        const behavior = behaviorOf(partition);
        const origin = snapshotOrigin(release, behavior.name, args);
        const before = file.read(partition, origin);
        const source = { folder, storeId, partition };
        const after = fold(source, behavior, args, before);
        if (after.folded === 0) continue;
        report.events += after.folded;
        const bytes = bytesOf(after.state, after.sequence);
        if (bytes === null) {
          report.unprofitable++;
        } else {
          file.write(after, origin, bytes);
          report.written++;
        }
      } catch (error) {
        refused.push({ partition, because: String(error) });
      }
    }
  } finally {
    file.close();
  }
  return report;
}

function fold(
  source: { folder: string; storeId: string; partition: string },
  behavior: AnyBehavior,
  args: unknown,
  before: Snapshot | null,
): Snapshot & { folded: number } {
  const { folder, storeId, partition } = source;
  const fresh = behavior.start(args);
  const state = before === null
    ? fresh
    : { ...(before.state as object), volatile: fresh.volatile };
  const progress: Progress = {
    epoch: before?.epoch ?? 0,
    sequence: before?.sequence ?? 0,
    snapshotSequence: before?.sequence ?? 0,
    event: (event) => behavior.apply!(state, event),
  };
  const { positions, events } = merge({
    storeId,
    paths: journalPaths(folder),
    after: before?.positions ?? {},
    isQuiet: false,
  }, new Map([[partition, progress]]));
  const { epoch, sequence } = progress;
  return { partition, epoch, sequence, positions, state, folded: events };
}

// Measured: reading a state back takes 21 ns a byte, folding an event of the
// real actors about 5 µs, so both take as long at 250 bytes an event. At 100 a
// snapshot more than halves the time; a shop in which hardly anything has been
// resolved since the beginning stays above it.
const MAX_BYTES_PER_EVENT = 100;

// Read within a millisecond, so never worth a thought.
const SMALL_BYTES = 32 * 1024;

// SQLite holds values up to 1 GB; half of it leaves room for its row buffer.
const MAX_STATE_BYTES = 512 * 1024 * 1024;

/**
 * The state without `volatile` in V8's format; null when it would save
 * too little over a fold from the start. Throws when it would come back different (a class instance, a
 * function): a snapshot must be what the fold is.
 */
function bytesOf(state: unknown, events: number): Uint8Array | null {
  const { volatile: _, ...durable } = state as { volatile?: unknown };
  const bytes = serialize(durable);
  if (bytes.byteLength > MAX_STATE_BYTES) {
    throw new RangeError(
      `Cannot write a snapshot as it must be <= ${MAX_STATE_BYTES} bytes: ` +
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
  #everyEvents = EVERY_EVENTS;
  #atEvents = 0;
  #atMs: number;

  /** Starts at `nowMs`, on any clock that never steps. */
  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /**
   * Whether to write snapshots now, given how many events were recorded in
   * all. Saying yes starts the next period.
   */
  isDue(recordedEvents: number, nowMs: number): boolean {
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
      ? EVERY_EVENTS
      : Math.min(this.#everyEvents * 2, MAX_EVERY_EVENTS);
  }
}
