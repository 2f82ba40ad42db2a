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
  const { folder } = request;
  const { storeId } = readIdentity(folder);
  const file = SnapshotFile.openToWrite(folder, storeId, log);
  const refused: { partition: string; because: string }[] = [];
  let written = 0;
  let events = 0;
  try {
    for (const { partition, args } of request.partitions) {
      try {
        const behavior = behaviorOf(partition);
        const origin = snapshotOrigin(request.release, behavior.name, args);
        const before = file.read(partition, origin);
        const source = { folder, storeId, partition };
        const { snapshot, folded } = fold(source, behavior, args, before);
        if (folded === 0) continue;
        file.write(snapshot, origin);
        written++;
        events += folded;
      } catch (error) {
        refused.push({ partition, because: String(error) });
      }
    }
  } finally {
    file.close();
  }
  return { written, events, refused };
}

function fold(
  source: { folder: string; storeId: string; partition: string },
  behavior: AnyBehavior,
  args: unknown,
  before: Snapshot | null,
): { snapshot: Snapshot; folded: number } {
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
  const merged = merge({
    storeId,
    paths: journalPaths(folder),
    after: before?.positions ?? {},
    isQuiet: false,
  }, new Map([[partition, progress]]));
  const { epoch, sequence } = progress;
  const { positions } = merged;
  const durable = durablePart(state, merged.events);
  const snapshot = { partition, epoch, sequence, positions, state: durable };
  return { snapshot, folded: merged.events };
}

/**
 * The state without `volatile`. Throws when it would come back different (a
 * class instance, a function): a snapshot must be what the fold is.
 */
function durablePart(state: object, folded: number): unknown {
  const { volatile: _, ...durable } = state as { volatile?: unknown };
  if (
    folded > 0 && !isDeepStrictEqual(deserialize(serialize(durable)), durable)
  ) {
    throw new TypeError("Cannot write a snapshot as the state is not plain");
  }
  return durable;
}

// A worker folds about half a million events in a second, so with two of them
// what is left to fold after a crash takes about half a second.
const EVERY_EVENTS = 500_000;
// A quiet shop gains little from a snapshot: a tenth of that is worth one only
// now and then.
const LULL_EVENTS = 50_000;
const LULL_MS = 15 * 60_000;

/** Says when new snapshots are worth their work. */
export class SnapshotSchedule {
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
    if (events < EVERY_EVENTS && !isLull) return false;
    this.#atEvents = recordedEvents;
    this.#atMs = nowMs;
    return true;
  }
}
