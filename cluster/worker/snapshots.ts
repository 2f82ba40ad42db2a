/**
 * Has snapshots written when enough has happened, by a thread of its own that
 * only reads the journals: no actor stops or even knows.
 *
 * @module
 */
import type { Log } from "../../actors/runtime/ports.ts";
import type { SnapshotAnswer } from "../journal/snapshot_writer.ts";
import {
  type SnapshotRequest,
  SnapshotSchedule,
} from "../journal/snapshots.ts";
import type { ShopPlan } from "../topology.ts";
import type { AssembledDomain } from "./assemble.ts";
import { hostClock } from "./host_clock.ts";
import type { StoragePlan } from "./storage.ts";
import { startThread, type Thread } from "./thread.ts";
import type { WorkerSupervisor } from "./worker_supervisor.ts";

/** What the snapshots are taken of. */
export interface SnapshotsOptions {
  readonly storage: StoragePlan;
  readonly release: string;
  readonly shop: ShopPlan;
  /** What runs here. */
  readonly threads: {
    readonly workers: WorkerSupervisor;
    readonly main: AssembledDomain;
  };
  readonly log: Log;
}

/** How often it is asked whether snapshots are due. */
const ASK_EVERY_MS = 5_000;

/**
 * Looks now and then whether snapshots are due, and has them written. What it
 * gives stops it; a snapshot under way is then not finished, which is harmless.
 */
export function keepSnapshots(options: SnapshotsOptions): () => void {
  const snapshots = new Snapshots(options);
  snapshots.start();
  return () => snapshots.stop();
}

/** Runs the snapshot writer. */
class Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #schedule: SnapshotSchedule;
  #timer: ReturnType<typeof setInterval> | undefined;
  #writer: Thread<SnapshotRequest> | null = null;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
    this.#schedule = new SnapshotSchedule(hostClock.monotonicMs(), {
      isShared: options.storage.kind === "postgres",
    });
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), ASK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#writer?.kill();
    this.#writer = null;
  }

  #look(): void {
    const { workers, main } = this.#options.threads;
    let events = main.turns.domain.report().events;
    for (const { report } of workers.statuses()) events += report?.events ?? 0;
    if (this.#writer !== null) return;
    if (this.#schedule.isDue(events, hostClock.monotonicMs())) this.#write();
  }

  #write(): void {
    const { storage, release, shop, threads } = this.#options;
    const { workers, main } = threads;
    // Partitions that live in other processes are theirs to fold.
    const here = new Set(workers.statuses().map(({ name }) => name));
    here.add(main.turns.domain.name);
    const request: SnapshotRequest = {
      storage,
      release,
      partitions: shop.actors
        .filter(({ journaled, domain }) => journaled && here.has(domain))
        .map(({ address, args }) => ({ partition: address, args })),
    };
    const writer = startThread<SnapshotRequest, SnapshotAnswer>({
      entry: new URL("../journal/snapshot_writer.ts", import.meta.url),
      name: "snapshots",
      onMessage: (answer) => this.#take(writer, answer),
      onEnd: (end) => {
        if (this.#writer !== writer) return;
        const because = end.kind === "failed" ? end.cause : end.kind;
        this.#take(writer, { kind: "snapshots_failed", because });
      },
      log: this.#options.log,
    });
    this.#writer = writer;
    writer.post(request);
  }

  #take(writer: Thread<SnapshotRequest>, answer: SnapshotAnswer): void {
    const { log } = this.#options;
    if (answer.kind === "log") {
      return log.write(answer.level, answer.text, answer.fields);
    }
    if (this.#writer === writer) this.#writer = null;
    writer.kill();
    if (answer.kind === "snapshots_failed") {
      return log.write("error", "snapshots failed", { cause: answer.because });
    }
    this.#schedule.finished(answer.report);
    log.write("info", "snapshots written", { ...answer.report });
  }
}
