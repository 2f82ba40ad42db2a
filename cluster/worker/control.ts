/**
 * All that crosses the border of a worker besides links: what the main thread
 * orders and what a worker reports. Mail goes by ports of its own.
 *
 * @module
 */
import type { DomainReport } from "../../actors/runtime/domain_report.ts";
import type { LogLevel } from "../../actors/runtime/actor.ts";
import type { DomainEnd } from "../../actors/runtime/ports.ts";
import type { PoolCallsReport } from "../pool/pool_calls.ts";
import type { ShopPlan } from "../topology.ts";
import type { StoragePlan } from "./storage.ts";
import type { HeapUse } from "./heap.ts";

/** What a worker needs to live. */
export interface WorkerPlan {
  readonly name: string;
  readonly incarnation: number;
  readonly seed: number;
  readonly storage: StoragePlan;
  /** Names the build: snapshots of another are not used. */
  readonly release: string;
  readonly shop: ShopPlan;
  readonly heartbeatMs: number;
}

/** Orders to a worker. */
export type Order<Plan = WorkerPlan> =
  /** Gets ready for a plan that may come, and waits for it. */
  | { readonly kind: "prepare"; readonly plan: Omit<Plan, "incarnation"> }
  | { readonly kind: "begin"; readonly plan: Plan }
  | {
    readonly kind: "connect";
    readonly peer: string;
    /** Of the link; it changes hands with the order. */
    readonly port: MessagePort;
  }
  | { readonly kind: "disconnect"; readonly peer: string }
  | { readonly kind: "crash"; readonly address: string }
  | {
    readonly kind: "slow";
    readonly address: string;
    readonly delayMs: number;
  }
  /** Spins before the next commit, as a runaway actor would. */
  | { readonly kind: "hang"; readonly forMs: number }
  /** Keeps that much more at each heartbeat, as a leak would. */
  | { readonly kind: "leak"; readonly bytesPerBeat: number }
  /** Throws outside any actor. */
  | { readonly kind: "throw" }
  /** From that moment of the process's monotonic clock on nothing may leave. */
  | { readonly kind: "valid_until"; readonly atMs: number }
  /** Stops it, once who came before was answered; who comes is refused. */
  | { readonly kind: "leave" }
  | { readonly kind: "stop" };

/** How long the recovery of a worker's partitions took. */
export interface RecoveryReport {
  readonly partitions: number;
  readonly events: number;
  readonly recoveryMs: number;
}

/** What a thread says of itself. */
export interface ThreadReport extends DomainReport {
  /** The pool that it calls; left out where there is none. */
  readonly pool?: PoolCallsReport | null;
}

/** Reports of a worker. */
export type Report =
  | { readonly kind: "ready"; readonly recovery: RecoveryReport }
  | {
    readonly kind: "beat";
    readonly report: ThreadReport;
    readonly waitingFrames: number;
    readonly heap: HeapUse;
  }
  | { readonly kind: "link_broke"; readonly peer: string }
  /** The worker cannot go on; `detail` is one line. */
  | {
    readonly kind: "ended";
    readonly reason: DomainEnd | "start-failed";
    readonly detail: string;
  }
  | {
    readonly kind: "log";
    readonly level: LogLevel;
    readonly text: string;
    readonly fields: Readonly<Record<string, unknown>>;
  };

/** What a report says, in a word or a line. */
export function gistOf(report: Report): string {
  if ("reason" in report) return report.reason;
  return "text" in report ? report.text : report.kind;
}
