/**
 * Keeps the shop's worker threads alive: starts each with its plan, links it
 * with the others when it is ready, and replaces it when it throws, reports
 * its end, hangs (misses its heartbeats), nears its memory limit or is killed
 * by a fault. While a worker is down nothing is linked to it and its asks fail
 * at once.
 *
 * Who hangs may only be slow, so it is replaced first and killed later. When
 * it wakes in between it may still want to write, and it is the journal's
 * fence that refuses it; what it says then tells how long it was held up. The
 * fence is also what makes a kill safe that takes its time: until the thread
 * is gone, its successor runs already.
 *
 * @module
 */
import type { Log } from "../../actors/runtime/ports.ts";
import { SeededRandom } from "../../actors/runtime/random.ts";
import {
  decideRestart,
  type RestartSpec,
} from "../../actors/runtime/supervision.ts";
import type { Order, RecoveryReport, Report, WorkerPlan } from "./control.ts";
import type { ThreadReport } from "./control.ts";
import { hostClock } from "./host_clock.ts";
import {
  isNearlyFull,
  startThread,
  type Thread,
  type ThreadEnd,
} from "./thread.ts";

/** What every plan says. */
export type PlanOfWorker = Pick<WorkerPlan, "name" | "incarnation">;

/** What the supervisor watches over. */
export interface WorkerSupervisorOptions<
  Plan extends PlanOfWorker = WorkerPlan,
> {
  /** The module that every worker runs. */
  readonly entry: URL;
  /** The domain of this thread. Default `main`. */
  readonly self?: string;
  /** One plan for each worker; incarnations are added here. */
  readonly plans: readonly Omit<Plan, "incarnation">[];
  readonly restart: RestartSpec;
  readonly heartbeat: { readonly everyMs: number; readonly missed: number };
  /**
   * What may live long in the heap of a worker; it is replaced shortly before.
   * Left out: what V8 allows, see `ThreadOptions`.
   */
  readonly memoryLimitBytes?: number | null;
  /** How long a hung worker may still wake; left out: 10,000 ms. */
  readonly wakeWithinMs?: number;
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
  readonly report: ThreadReport | null;
  readonly waitingFrames: number;
}

/**
 * The fault `hang` lasts 5 s, and a disk that syncs late about as long; who
 * sleeps for twice that is a loop without end, which costs a core.
 */
const WAKE_WITHIN_MS = 10_000;

interface Slot<Plan> {
  readonly plan: Omit<Plan, "incarnation"> & { readonly name: string };
  thread: Thread<Order<Plan>> | null;
  status: WorkerStatus["status"];
  incarnation: number;
  everReady: boolean;
  failuresMs: number[];
  lastBeatMs: number;
  recovery: RecoveryReport | null;
  report: ThreadReport | null;
  waitingFrames: number;
  restartTimer: Timer | undefined;
}

type Timer = ReturnType<typeof setTimeout>;

/** Starts, watches and replaces workers. See the module's text. */
export class WorkerSupervisor<Plan extends PlanOfWorker = WorkerPlan> {
  readonly #options: WorkerSupervisorOptions<Plan>;
  readonly #slots = new Map<string, Slot<Plan>>();
  readonly #random = new SeededRandom(Date.now() >>> 0, "worker supervisor");
  /** All that still run, those that were killed or replaced included. */
  readonly #threads = new Set<Thread<Order<Plan>>>();
  /** Replaced while they hung; each with the timer that will kill it. */
  readonly #hung = new Map<Thread<Order<Plan>>, Timer>();
  #watch: ReturnType<typeof setInterval> | undefined;
  #lastWatchMs = 0;
  #stopping = false;
  #allReady: (() => void) | null = null;
  #allGone: (() => void) | null = null;

  constructor(options: WorkerSupervisorOptions<Plan>) {
    this.#options = options;
    for (const plan of options.plans) {
      this.#slots.set(plan.name, {
        plan,
        thread: null,
        status: "down",
        incarnation: 0,
        everReady: false,
        failuresMs: [],
        lastBeatMs: 0,
        recovery: null,
        report: null,
        waitingFrames: 0,
        restartTimer: undefined,
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
    for (const slot of this.#slots.values()) {
      clearTimeout(slot.restartTimer);
      // Who is not ready yet has nothing to finish.
      if (slot.status === "ready") this.#order(slot, { kind: "stop" });
      else slot.thread?.kill();
    }
    for (const thread of this.#hung.keys()) this.#killHung(thread);
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#allGone = resolve;
      timer = setTimeout(resolve, withinMs);
      this.#noteGone();
    });
    clearTimeout(timer);
    for (const thread of this.#threads) thread.kill();
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
  order(name: string, order: Order<Plan>): boolean {
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
  #link(one: Slot<Plan>, other: Slot<Plan>): void {
    const { port1, port2 } = new MessageChannel();
    const [left, right] = [one.plan.name, other.plan.name];
    this.#order(one, { kind: "connect", peer: right, port: port1 });
    this.#order(other, { kind: "connect", peer: left, port: port2 });
  }

  /** Last, as orders keep their order: who is reached reaches the others. */
  #linkSelf(slot: Slot<Plan>): void {
    const { port1, port2 } = new MessageChannel();
    const { self = "main", connect } = this.#options;
    this.#order(slot, { kind: "connect", peer: self, port: port1 });
    connect(slot.plan.name, port2);
  }

  #order(slot: Slot<Plan>, order: Order<Plan>): void {
    slot.thread?.post(order, "port" in order ? [order.port] : []);
  }

  #begin(slot: Slot<Plan>): void {
    slot.incarnation++;
    slot.status = "starting";
    const thread = startThread<Order<Plan>, Report>({
      entry: this.#options.entry,
      name: slot.plan.name,
      memoryLimitBytes: this.#options.memoryLimitBytes ?? null,
      onMessage: (report) => {
        if (slot.thread === thread) this.#take(slot, report);
        else this.#takeLate(slot.plan.name, thread, report);
      },
      onEnd: (end) => this.#ended(slot, thread, end),
      log: this.#options.log,
    });
    slot.thread = thread;
    this.#threads.add(thread);
    const plan = { ...slot.plan, incarnation: slot.incarnation };
    // What was left out of the plan is put back in.
    this.#order(slot, { kind: "begin", plan: plan as unknown as Plan });
  }

  /** A thread is gone, by itself or not. */
  #ended(slot: Slot<Plan>, thread: Thread<Order<Plan>>, end: ThreadEnd): void {
    this.#threads.delete(thread);
    this.#killHung(thread);
    this.#noteGone();
    if (slot.thread !== thread || this.#stopping) return;
    slot.thread = null;
    const { kind, cause = kind, ...more } = { cause: undefined, ...end };
    if (slot.everReady) return this.#fell(slot, cause, more);
    this.#options.startFailed(`${slot.plan.name} cannot start: ${cause}`);
  }

  #take(slot: Slot<Plan>, report: Report): void {
    switch (report.kind) {
      case "ready":
        return this.#ready(slot, report.recovery);
      case "beat":
        slot.lastBeatMs = hostClock.monotonicMs();
        slot.report = report.report;
        slot.waitingFrames = report.waitingFrames;
        // Better now than in the midst of a step.
        if (!isNearlyFull(report.heap)) return;
        return this.#fell(slot, "out_of_memory", report.heap);
      case "link_broke":
        return this.#fell(slot, `its link to ${report.peer} broke`);
      case "ended":
        if (report.reason === "start-failed" && !slot.everReady) {
          return this.#options.startFailed(report.detail);
        }
        return this.#fell(slot, `${report.reason}: ${report.detail}`);
      case "log": {
        const { level, text, fields } = report;
        return this.#options.log.write(level, text, fields);
      }
    }
  }

  /** A replaced worker woke up: it says what it was refused, and ends. */
  #takeLate(name: string, thread: Thread<Order<Plan>>, report: Report): void {
    if (report.kind !== "log") this.#killHung(thread);
    const said = "reason" in report
      ? report.reason
      : "text" in report
      ? report.text
      : report.kind;
    this.#options.log.write("warn", "a replaced worker spoke", {
      worker: name,
      report: said,
    });
  }

  #ready(slot: Slot<Plan>, recovery: RecoveryReport): void {
    slot.status = "ready";
    slot.everReady = true;
    slot.recovery = recovery;
    slot.lastBeatMs = hostClock.monotonicMs();
    for (const other of this.#slots.values()) {
      if (other !== slot && other.status === "ready") this.#link(slot, other);
    }
    if (this.#allReady === null) this.#linkSelf(slot);
    this.#options.log.write("info", "worker ready", {
      worker: slot.plan.name,
      incarnation: slot.incarnation,
      ...recovery,
    });
    this.#noteReady();
  }

  #noteReady(): void {
    if (this.#allReady === null || !this.isReady) return;
    for (const slot of this.#slots.values()) this.#linkSelf(slot);
    this.#allReady();
    this.#allReady = null;
  }

  #noteGone(): void {
    if (this.#threads.size === 0) this.#allGone?.();
  }

  /** A worker is no good any more: unlink it, replace it. */
  #fell(slot: Slot<Plan>, cause: string, more: Readonly<object> = {}): void {
    if (this.#stopping || slot.status === "down") return;
    const { name } = slot.plan;
    slot.status = "down";
    slot.thread?.kill();
    slot.thread = null;
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
      ...more,
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
        this.#letWake(slot);
        this.#fell(slot, `missed ${missed} heartbeats`);
      }
    }
  }

  /** Takes the thread of a slot out of it, to be killed if it never wakes. */
  #letWake(slot: Slot<Plan>): void {
    const { thread, plan } = slot;
    slot.thread = null;
    if (thread === null) return;
    const { wakeWithinMs = WAKE_WITHIN_MS, log } = this.#options;
    const timer = setTimeout(() => {
      log.write("warn", "a replaced worker never woke", { worker: plan.name });
      this.#killHung(thread);
    }, wakeWithinMs);
    this.#hung.set(thread, timer);
  }

  #killHung(thread: Thread<Order<Plan>>): void {
    clearTimeout(this.#hung.get(thread));
    this.#hung.delete(thread);
    thread.kill();
  }
}
