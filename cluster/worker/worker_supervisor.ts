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
import type { RestartSpec } from "../../actors/runtime/supervision.ts";
import {
  gistOf,
  type Order,
  type RecoveryReport,
  type Report,
  type WorkerPlan,
} from "./control.ts";
import { isNearlyFull } from "./heap.ts";
import { hostClock } from "./host_clock.ts";
import { HungThreads } from "./hung_threads.ts";
import type { Thread, ThreadEnd } from "./thread.ts";
import {
  type PlanOfWorker,
  type PlanToBe,
  WorkerSlot,
  type WorkerStatus,
} from "./worker_slot.ts";
import { WorkerThreads } from "./worker_threads.ts";

export type { PlanOfWorker, WorkerStatus };

/** What the supervisor watches over. */
export interface WorkerSupervisorOptions<
  Plan extends PlanOfWorker = WorkerPlan,
> {
  /** The module that every worker runs. */
  readonly entry: URL;
  /** The domain of this thread. Default `main`. */
  readonly self?: string;
  /** One plan for each worker; incarnations are added here. */
  readonly plans: readonly PlanToBe<Plan>[];
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

/** Starts, watches and replaces workers. See the module's text. */
export class WorkerSupervisor<Plan extends PlanOfWorker = WorkerPlan> {
  readonly #options: WorkerSupervisorOptions<Plan>;
  readonly #slots = new Map<string, WorkerSlot<Plan>>();
  readonly #random = new SeededRandom(Date.now() >>> 0, "worker supervisor");
  readonly #threads: WorkerThreads<Plan>;
  readonly #hung: HungThreads;
  #watch: ReturnType<typeof setInterval> | undefined;
  #lastWatchMs = 0;
  #stopping = false;
  #allReady: (() => void) | null = null;
  #allGone: (() => void) | null = null;

  constructor(options: WorkerSupervisorOptions<Plan>) {
    this.#options = options;
    const { entry, log, memoryLimitBytes = null, wakeWithinMs } = options;
    this.#hung = new HungThreads(log, wakeWithinMs);
    this.#threads = new WorkerThreads({
      ...{ entry, log, memoryLimitBytes },
      heard: (slot, report) => this.#take(slot, report),
      heardLate: (...late) => this.#takeLate(...late),
      ended: (...end) => this.#ended(...end),
    });
    for (const plan of options.plans) {
      const slot = new WorkerSlot<Plan>(plan);
      this.#slots.set(slot.name, slot);
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
    this.#threads.stop();
    for (const slot of this.#slots.values()) {
      clearTimeout(slot.restartTimer);
      if (slot.status === "leaving") continue;
      // Who is not ready yet has nothing to finish.
      if (slot.status === "ready") slot.order({ kind: "stop" });
      else slot.thread?.kill();
    }
    this.#hung.killAll();
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#allGone = resolve;
      timer = setTimeout(resolve, withinMs);
      this.#noteGone();
    });
    clearTimeout(timer);
    this.#threads.killAll();
  }

  /** Has a thread wait for each worker that may be added soon, and no other. */
  prepare(plans: readonly PlanToBe<Plan>[]): void {
    if (!this.#stopping) this.#threads.prepare(plans);
  }

  /**
   * Adds a worker to those that run, under an incarnation that is larger than
   * every earlier one of its name. When it cannot start it is tried again,
   * with growing pauses.
   *
   * @throws {TypeError} When there is one of that name.
   */
  add(
    plan: PlanToBe<Plan>,
    incarnation: number,
    validUntilMs = Infinity,
  ): void {
    const slot = new WorkerSlot<Plan>(plan, incarnation);
    if (this.#slots.has(slot.name)) {
      throw new TypeError(`Cannot add ${slot.name} as it is there`);
    }
    if (this.#stopping) return;
    this.#slots.set(slot.name, slot);
    slot.validUntilMs = validUntilMs;
    if (this.#threads.isPrepared(slot.name)) this.#begin(slot);
    else this.#threads.later(() => this.#beginIfThere(slot));
  }

  /**
   * Has a worker finish what came before, while it refuses what comes, and
   * forgets it; when it takes longer than `withinMs` it is killed. Resolves
   * when its thread has ended, at once when there is none. Once it is killed
   * another of its name can be added; with 0, at once.
   */
  remove(name: string, withinMs: number): Promise<void> {
    const slot = this.#slots.get(name);
    if (slot === undefined || this.#stopping) return Promise.resolve();
    slot.gone ??= Promise.withResolvers<void>();
    if (withinMs <= 0 || !slot.isLinked) this.#forget(slot);
    else if (slot.status === "ready") {
      slot.status = "leaving";
      slot.order({ kind: "leave" });
      slot.restartTimer = setTimeout(() => this.#forget(slot), withinMs);
    }
    return slot.gone.promise;
  }

  /** Lets a worker run until then. Over its time it ends, and waits for more. */
  setValidUntil(name: string, atMs: number): void {
    const slot = this.#slots.get(name);
    if (slot !== undefined) slot.validUntilMs = atMs;
  }

  /** True while every worker is ready; one that leaves is. */
  get isReady(): boolean {
    return this.#slots.values().every(({ isLinked }) => isLinked);
  }

  /** What is known of each worker. */
  statuses(): WorkerStatus[] {
    return [...this.#slots.values()].map((slot) => slot.describe());
  }

  /**
   * Orders a worker that is ready, or leaves: that waits for all that it is
   * linked with. False when there is none of that name.
   */
  order(name: string, order: Order<Plan>): boolean {
    const slot = this.#slots.get(name);
    if (slot === undefined || !slot.isLinked) return false;
    slot.order(order);
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
    left.order({ kind: "disconnect", peer: other });
    right.order({ kind: "disconnect", peer: one });
    const lives = `${left.incarnation} ${right.incarnation}`;
    setTimeout(() => {
      const now = `${left.incarnation} ${right.incarnation}`;
      if (now === lives && !this.#stopping) left.linkWith(right);
    }, forMs);
    return true;
  }

  /** Last, as orders keep their order: who is reached reaches the others. */
  #linkSelf(slot: WorkerSlot<Plan>): void {
    const { port1, port2 } = new MessageChannel();
    const { self = "main", connect } = this.#options;
    slot.order({ kind: "connect", peer: self, port: port1 });
    connect(slot.name, port2);
  }

  #unlink({ name }: WorkerSlot<Plan>): void {
    this.#options.disconnect(name);
    for (const other of this.#slots.values()) {
      if (other.isLinked) other.order({ kind: "disconnect", peer: name });
    }
  }

  #begin(slot: WorkerSlot<Plan>): void {
    // Who may not run must not take its partitions over from who may.
    if (slot.validUntilMs <= hostClock.monotonicMs()) {
      return this.#beginLater(slot, this.#options.restart.backoffMinMs);
    }
    slot.incarnation++;
    slot.status = "starting";
    this.#threads.begin(slot);
  }

  #beginLater(slot: WorkerSlot<Plan>, delayMs: number): void {
    const begin = () => this.#threads.later(() => this.#beginIfThere(slot));
    slot.restartTimer = setTimeout(begin, delayMs);
  }

  /** It may have been removed again. */
  #beginIfThere(slot: WorkerSlot<Plan>): void {
    if (this.#slots.get(slot.name) === slot) this.#begin(slot);
  }

  /** A thread is gone, by itself or not. */
  #ended(
    slot: WorkerSlot<Plan> | null,
    thread: Thread<Order<Plan>>,
    end: ThreadEnd,
  ): void {
    this.#hung.kill(thread);
    this.#noteGone();
    if (slot?.thread !== thread) return;
    slot.thread = null;
    if (slot.gone !== null) return this.#forget(slot);
    if (this.#stopping) return;
    const { kind, cause = kind, ...more } = { cause: undefined, ...end };
    if (slot.everReady || slot.isAdded) return this.#fell(slot, cause, more);
    this.#options.startFailed(`${slot.name} cannot start: ${cause}`);
  }

  #take(slot: WorkerSlot<Plan>, report: Report): void {
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
        if (report.reason !== "start-failed" || slot.everReady) {
          return this.#fell(slot, `${report.reason}: ${report.detail}`);
        }
        if (slot.isAdded) return this.#fell(slot, report.detail);
        return this.#options.startFailed(report.detail);
      case "log": {
        const { level, text, fields } = report;
        return this.#options.log.write(level, text, fields);
      }
    }
  }

  /** A replaced worker woke up: it says what it was refused, and ends. */
  #takeLate(name: string, thread: Thread<Order<Plan>>, report: Report): void {
    if (report.kind !== "log") this.#hung.kill(thread);
    this.#options.log.write("warn", "a replaced worker spoke", {
      worker: name,
      report: gistOf(report),
    });
  }

  #ready(slot: WorkerSlot<Plan>, recovery: RecoveryReport): void {
    slot.status = "ready";
    slot.everReady = true;
    slot.recovery = recovery;
    slot.lastBeatMs = hostClock.monotonicMs();
    for (const other of this.#slots.values()) {
      if (other !== slot && other.status === "ready") slot.linkWith(other);
    }
    if (this.#allReady === null) this.#linkSelf(slot);
    this.#options.log.write("info", "worker ready", {
      worker: slot.name,
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
  #fell(
    slot: WorkerSlot<Plan>,
    cause: string,
    more: Readonly<object> = {},
  ): void {
    if (this.#stopping || slot.status === "down") return;
    if (slot.gone !== null) return this.#forget(slot);
    slot.status = "down";
    slot.thread?.kill();
    slot.thread = null;
    this.#unlink(slot);
    const { action, delayMs } = slot.decideRestart(
      this.#options.restart,
      hostClock.monotonicMs(),
      this.#random,
    );
    this.#options.log.write("error", "worker fell", {
      worker: slot.name,
      incarnation: slot.incarnation,
      cause,
      ...more,
      action,
      delayMs,
    });
    this.#beginLater(slot, delayMs);
  }

  /** A worker is not wanted any more: unlink it, see its end. */
  #forget(slot: WorkerSlot<Plan>): void {
    clearTimeout(slot.restartTimer);
    if (this.#slots.get(slot.name) === slot) {
      this.#slots.delete(slot.name);
      slot.status = "down";
      this.#unlink(slot);
    }
    if (slot.thread === null) slot.gone?.resolve();
    else slot.thread.kill();
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
        const { thread } = slot;
        if (thread !== null) this.#hung.add(thread, slot.name);
        // Taken out of the slot, so that it is not killed with it.
        slot.thread = null;
        this.#fell(slot, `missed ${missed} heartbeats`);
      }
    }
  }
}
