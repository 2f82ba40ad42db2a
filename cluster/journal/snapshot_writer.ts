/**
 * The entry of the snapshot thread: takes a `SnapshotRequest`, writes the
 * snapshots of the shop's actors, answers with a `SnapshotAnswer`. Its log
 * lines come as messages before the answer. It keeps nothing between requests,
 * so it can be started for one and ended after it.
 *
 * @module
 */
import { behaviors, kindOf } from "../../actors/registry.ts";
import type { LogLevel } from "../../actors/runtime/actor.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import { hostTimers } from "../worker/host_clock.ts";
import {
  type SnapshotKeeper,
  type SnapshotReport,
  type SnapshotRequest,
  writeSnapshots,
} from "./snapshots.ts";

/** What the snapshot thread sends. */
export type SnapshotAnswer =
  | { readonly kind: "snapshots_written"; readonly report: SnapshotReport }
  /** The storage could not be used at all; `because` is one line. */
  | { readonly kind: "snapshots_failed"; readonly because: string }
  | {
    readonly kind: "log";
    readonly level: LogLevel;
    readonly text: string;
    readonly fields: Readonly<Record<string, unknown>>;
  };

/** What this file needs of a worker's global scope. */
interface Thread {
  onmessage: ((event: MessageEvent<SnapshotRequest>) => void) | null;
  postMessage(answer: SnapshotAnswer): void;
}

// Modules are checked against a window's global scope, which lacks the
// worker's one-argument `postMessage`.
const thread = globalThis as unknown as Thread;

const log: Log = {
  write: (level, text, fields) =>
    thread.postMessage({ kind: "log", level, text, fields }),
};

thread.onmessage = async ({ data }) => thread.postMessage(await answerTo(data));

async function answerTo(request: SnapshotRequest): Promise<SnapshotAnswer> {
  try {
    const keeper = await openKeeper(request);
    try {
      const behaviorOf = (partition: string) => behaviors[kindOf(partition)];
      const report = await writeSnapshots(request, behaviorOf, keeper);
      return { kind: "snapshots_written", report };
    } finally {
      await keeper.close();
    }
  } catch (error) {
    return { kind: "snapshots_failed", because: String(error) };
  }
}

/** Only what the storage needs is loaded. */
async function openKeeper({ storage }: SnapshotRequest): Promise<
  SnapshotKeeper
> {
  if (storage.kind === "folder") {
    const { FolderSnapshots } = await import("./folder_snapshots.ts");
    return new FolderSnapshots(storage.path, log);
  }
  const { PostgresSnapshots } = await import("./postgres_snapshots.ts");
  return new PostgresSnapshots({ url: storage.url, timers: hostTimers }, log);
}
