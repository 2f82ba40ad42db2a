/**
 * Keeps the shop's worker threads alive: starts each with its plan, links it
 * with the others when it is ready, and replaces it when it throws, reports
 * its end, hangs (misses its heartbeats) or is killed by a fault.
 *
 * A thread that hangs cannot be stopped from outside: `terminate` only keeps
 * it from running on once it returns to its loop, and makes it mute. So a
 * replaced worker may still write once, and it is the journal's fence that
 * refuses it; it is terminated when it has said so. While a worker is down
 * nothing is linked to it and its asks fail at once.
 *
 * @module
 */
import type { DomainReport } from "../../actors/runtime/domain_report.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import { SeededRandom } from "../../actors/runtime/random.ts";
import {
  decideRestart,
  type RestartSpec,
} from "../../actors/runtime/supervision.ts";
import type { Order, RecoveryReport, Report, WorkerPlan } from "./control.ts";
import { hostClock } from "./host_clock.ts";

/** What the supervisor watches over. */
export interface WorkerSupervisorOptions {
  /** One plan for each worker; incarnations are added here. */
  readonly plans: readonly Omit<WorkerPlan, "incarnation">[];
  readonly restart: RestartSpec;
  readonly heartbeat: { readonly everyMs: number; readonly missed: number };
  readonly log: Log;
  /** A worker is ready: link this thread with it through the port. */
  readonly connect: (peer: string, port: MessagePort) => void;
  /** A worker is gone. */
  readonly disconnect: (peer: string) => void;
  /** A start failed for good (a broken store): the shop cannot run. */
  readonly startFailed: (detail: string) => void;
}

/** What is known of one worker. */
export interface WorkerStatus {
  readonly name: string;
  readonly status: "starting" | "ready" | "down";
  readonly incarnation: number;
  readonly replacements: number;
  readonly recovery: RecoveryReport | null;
  readonly report: DomainReport | null;
  readonly waitingFrames: number;
}

interface Slot {
  readonly plan: Omit<WorkerPlan, "incarnation">;
  worker: Worker | null;
  status: WorkerStatus["status"];
  incarnation: number;
  everReady: boolean;
  failuresMs: number[];
  lastBeatMs: number;
  recovery: RecoveryReport | null;
  report: DomainReport | null;
  waitingFrames: number;
  restartTimer: ReturnType<typeof setTimeout> | undefined;
  stopped: (() => void) | null;
}

/** Starts, watches and replaces workers. See the module's text. */
export class WorkerSupervisor {
  readonly #options: WorkerSupervisorOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #random = new SeededRandom(Date.now() >>> 0, "worker supervisor");
  /** Replaced while they hung; each until it wakes. */
  readonly #hung = new Set<Worker>();
  #watch: ReturnType<typeof setInterval> | undefined;
  #lastWatchMs = 0;
  #stopping = false;
  #allReady: (() => void) | null = null;

  constructor(options: WorkerSupervisorOptions) {
    this.#options = options;
    for (const plan of options.plans) {
      this.#slots.set(plan.name, {
        plan,
        worker: null,
        status: "down",
        incarnation: 0,
        everReady: false,
        failuresMs: [],
        lastBeatMs: 0,
        recovery: null,
        report: null,
        waitingFrames: 0,
        restartTimer: undefined,
        stopped: null,
      });
    }
  }

  /** Starts all workers; resolves when every one is ready and linked. */
  start(): Promise<void> {
    const { everyMs } = this.#options.heartbeat;
    this.#watch = setInterval(() => this.#findHung(), everyMs);
    const ready = new Promise<void>((resolve) => this.#allReady = resolve);
    for (const slot of this.#slots.values()) this.#begin(slot);
    this.#noteReady();
    return ready;
  }

  /** Stops all workers; resolves when they are, or `withinMs` later. */
  async stop(withinMs: number): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watch);
    const slots = [...this.#slots.values()];
    const stopped = slots.map((slot) => {
      clearTimeout(slot.restartTimer);
      if (slot.status !== "ready") return Promise.resolve();
      return new Promise<void>((resolve) => {
        slot.stopped = resolve;
        this.#order(slot, { kind: "stop" });
      });
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([Promise.all(stopped), late]);
    clearTimeout(timer);
    for (const slot of slots) slot.worker?.terminate();
    for (const worker of this.#hung) worker.terminate();
  }

  /** True while every worker is ready. */
  get isReady(): boolean {
    return [...this.#slots.values()].every(({ status }) => status === "ready");
  }

  /** What is known of each worker. */
  statuses(): WorkerStatus[] {
    return [...this.#slots].map(([name, slot]) => ({
      name,
      status: slot.status,
      incarnation: slot.incarnation,
      replacements: Math.max(0, slot.incarnation - 1),
      recovery: slot.recovery,
      report: slot.report,
      waitingFrames: slot.waitingFrames,
    }));
  }

  /** Orders a ready worker; false when there is none of that name. */
  order(name: string, order: Order): boolean {
    const slot = this.#slots.get(name);
    if (slot === undefined || slot.status !== "ready") return false;
    this.#order(slot, order);
    return true;
  }

  /** Kills a worker at once, as a fault; it is replaced. */
  kill(name: string): boolean {
    const slot = this.#slots.get(name);
    if (slot === undefined || slot.status === "down") return false;
    this.#fell(slot, "killed by a fault");
    return true;
  }

  /** Cuts the link between two ready workers for a while. */
  cut(one: string, other: string, forMs: number): boolean {
    const [left, right] = [this.#slots.get(one), this.#slots.get(other)];
    if (left?.status !== "ready" || right?.status !== "ready") return false;
    this.#order(left, { kind: "disconnect", peer: other });
    this.#order(right, { kind: "disconnect", peer: one });
    const lives = `${left.incarnation} ${right.incarnation}`;
    setTimeout(() => {
      const now = `${left.incarnation} ${right.incarnation}`;
      if (now === lives && !this.#stopping) this.#link(left, right);
    }, forMs);
    return true;
  }

  /** A fresh link between two workers, over a port of their own. */
  #link(one: Slot, other: Slot): void {
    const { port1, port2 } = new MessageChannel();
    const [left, right] = [one.plan.name, other.plan.name];
    this.#order(one, { kind: "connect", peer: right }, [port1]);
    this.#order(other, { kind: "connect", peer: left }, [port2]);
  }

  #order(slot: Slot, order: Order, ports: MessagePort[] = []): void {
    slot.worker?.postMessage(order, ports);
  }

  #begin(slot: Slot): void {
    slot.incarnation++;
    slot.status = "starting";
    const worker = new Worker(new URL("./entry.ts", import.meta.url), {
      type: "module",
      name: slot.plan.name,
    });
    slot.worker = worker;
    worker.onmessage = ({ data }) => {
      if (slot.worker === worker) this.#take(slot, data as Report);
      else this.#takeLate(slot, worker, data as Report);
    };
    worker.onerror = (event) => {
      // Unhandled, it would end the host too.
      event.preventDefault();
      if (slot.worker !== worker) return void this.#hung.delete(worker);
      if (slot.everReady) return this.#fell(slot, event.message);
      this.#options.startFailed(
        `${slot.plan.name} cannot start: ${event.message}`,
      );
    };
    const plan = { ...slot.plan, incarnation: slot.incarnation };
    this.#order(slot, { kind: "begin", plan });
  }

  #take(slot: Slot, report: Report): void {
    switch (report.kind) {
      case "ready":
        return this.#ready(slot, report.recovery);
      case "beat":
        slot.lastBeatMs = hostClock.monotonicMs();
        slot.report = report.report;
        slot.waitingFrames = report.waitingFrames;
        return;
      case "link_broke":
        return this.#fell(slot, `its link to ${report.peer} broke`);
      case "ended":
        if (report.reason === "start-failed" && !slot.everReady) {
          return this.#options.startFailed(report.detail);
        }
        return this.#fell(slot, `${report.reason}: ${report.detail}`);
      case "log":
        return this.#options.log.write(
          report.level,
          report.text,
          report.fields,
        );
      case "stopped":
        slot.stopped?.();
    }
  }

  /** A replaced worker woke up: it says what it was refused, and ends. */
  #takeLate(slot: Slot, worker: Worker, report: Report): void {
    if (report.kind !== "log") {
      worker.terminate();
      this.#hung.delete(worker);
    }
    const said = "reason" in report
      ? report.reason
      : "text" in report
      ? report.text
      : report.kind;
    this.#options.log.write("warn", "a replaced worker spoke", {
      worker: slot.plan.name,
      report: said,
    });
  }

  #ready(slot: Slot, recovery: RecoveryReport): void {
    const { name } = slot.plan;
    slot.status = "ready";
    slot.everReady = true;
    slot.recovery = recovery;
    slot.lastBeatMs = hostClock.monotonicMs();
    const channel = new MessageChannel();
    this.#order(slot, { kind: "connect", peer: "main" }, [channel.port1]);
    this.#options.connect(name, channel.port2);
    for (const other of this.#slots.values()) {
      if (other !== slot && other.status === "ready") this.#link(slot, other);
    }
    this.#options.log.write("info", "worker ready", {
      worker: name,
      incarnation: slot.incarnation,
      ...recovery,
    });
    this.#noteReady();
  }

  #noteReady(): void {
    if (!this.isReady) return;
    this.#allReady?.();
    this.#allReady = null;
  }

  /** A worker is no good any more: unlink it, replace it. */
  #fell(slot: Slot, cause: string, hangs = false): void {
    if (this.#stopping || slot.status === "down") return;
    const { name } = slot.plan;
    slot.status = "down";
    if (slot.worker !== null && hangs) this.#hung.add(slot.worker);
    else slot.worker?.terminate();
    slot.worker = null;
    this.#options.disconnect(name);
    for (const other of this.#slots.values()) {
      if (other.status === "ready") {
        this.#order(other, { kind: "disconnect", peer: name });
      }
    }
    const nowMs = hostClock.monotonicMs();
    const { restart } = this.#options;
    slot.failuresMs = slot.failuresMs.filter((atMs) =>
      atMs > nowMs - restart.periodMs
    );
    slot.failuresMs.push(nowMs);
    const { action, delayMs } = decideRestart(
      restart,
      slot.failuresMs,
      this.#random.next(),
    );
    this.#options.log.write("error", "worker fell", {
      worker: name,
      incarnation: slot.incarnation,
      cause,
      action,
      delayMs,
    });
    slot.restartTimer = setTimeout(() => this.#begin(slot), delayMs);
  }

  #findHung(): void {
    const { everyMs, missed } = this.#options.heartbeat;
    const nowMs = hostClock.monotonicMs();
    // When this thread itself was held up, the beats wait in its queue.
    const wasHeldUp = nowMs - this.#lastWatchMs > everyMs * 2;
    this.#lastWatchMs = nowMs;
    for (const slot of this.#slots.values()) {
      if (wasHeldUp) slot.lastBeatMs = nowMs;
      // A worker that folds its journal cannot beat; it has no deadline.
      if (slot.status !== "ready") continue;
      if (nowMs - slot.lastBeatMs > everyMs * missed) {
        this.#fell(slot, `missed ${missed} heartbeats`, true);
      }
    }
  }
}
