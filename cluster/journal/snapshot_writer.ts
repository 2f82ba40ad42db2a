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
import {
  type SnapshotReport,
  type SnapshotRequest,
  writeSnapshots,
} from "./snapshots.ts";

/** What the snapshot thread sends. */
export type SnapshotAnswer =
  | { readonly kind: "snapshots_written"; readonly report: SnapshotReport }
  /** The folder could not be used at all; `because` is one line. */
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

thread.onmessage = ({ data }) => thread.postMessage(answerTo(data));

function answerTo(request: SnapshotRequest): SnapshotAnswer {
  try {
    const report = writeSnapshots(
      request,
      (partition) => behaviors[kindOf(partition)],
      {
        write: (level, text, fields) =>
          thread.postMessage({ kind: "log", level, text, fields }),
      },
    );
    return { kind: "snapshots_written", report };
  } catch (error) {
    return { kind: "snapshots_failed", because: String(error) };
  }
}
