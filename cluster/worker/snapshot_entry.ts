/// <reference lib="deno.worker" />
/**
 * The thread that writes snapshots, once, and reports.
 *
 * @module
 */
import { behaviors, kindOf } from "../../actors/registry.ts";
import { type SnapshotRequest, writeSnapshots } from "../journal/snapshots.ts";
import { hostClock } from "./host_clock.ts";

self.onmessage = ({ data }: MessageEvent) => {
  const startedMs = hostClock.monotonicMs();
  const log = { write: () => {} };
  const report = writeSnapshots(
    data as SnapshotRequest,
    (partition) => behaviors[kindOf(partition)],
    log,
  );
  const tookMs = Math.round(hostClock.monotonicMs() - startedMs);
  self.postMessage({ ...report, tookMs });
};
