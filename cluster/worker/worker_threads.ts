/**
 * The threads of workers: those that run one, those that were killed or
 * replaced and are not gone yet, and spare ones, which wait for workers that
 * may have to run here soon. A spare thread is loaded and has read its
 * partitions' past, so that little is left to do when it comes to that. One
 * that ends by itself is logged, and missed by nobody: its worker gets another
 * then.
 *
 * @module
 */
import type { Log } from "../../actors/runtime/ports.ts";
import type { Order, Report } from "./control.ts";
import { StartQueue } from "./start_queue.ts";
import { startThread, type Thread, type ThreadEnd } from "./thread.ts";
import type { PlanOfWorker, PlanToBe, WorkerSlot } from "./worker_slot.ts";

/** By what threads start, and who hears of them. */
export interface WorkerThreadsOptions<Plan extends PlanOfWorker> {
  /** The module that every thread runs. */
  readonly entry: URL;
  readonly memoryLimitBytes: number | null;
  readonly log: Log;
  /** A worker says something in the thread that its slot gave it. */
  readonly heard: (slot: WorkerSlot<Plan>, report: Report) => void;
  /** So does a thread that its slot has given up. */
  readonly heardLate: (
    name: string,
    thread: Thread<Order<Plan>>,
    report: Report,
  ) => void;
  /** A thread is gone, by itself or not; of a spare one there is no slot. */
  readonly ended: (
    slot: WorkerSlot<Plan> | null,
    thread: Thread<Order<Plan>>,
    end: ThreadEnd,
  ) => void;
}

/** See the module. */
export class WorkerThreads<Plan extends PlanOfWorker> {
  readonly #options: WorkerThreadsOptions<Plan>;
  /** All that are not gone, each with its slot; null: it is spare. */
  readonly #slots = new Map<Thread<Order<Plan>>, WorkerSlot<Plan> | null>();
  /** By their workers' names; null: it is to be started. */
  readonly #spares = new Map<string, Thread<Order<Plan>> | null>();
  readonly #starts = new StartQueue();

  constructor(options: WorkerThreadsOptions<Plan>) {
    this.#options = options;
  }

  /** How many are not gone. */
  get size(): number {
    return this.#slots.size;
  }

  /** Begins a life of a worker, in a spare thread if one waits for it. */
  begin(slot: WorkerSlot<Plan>): void {
    const { name } = slot;
    const spare = this.#spares.get(name) ?? null;
    this.#spares.delete(name);
    if (spare !== null) {
      const text = "worker begins where a thread waited";
      this.#options.log.write("info", text, { worker: name });
    }
    const thread = spare ?? this.#start(name);
    this.#slots.set(thread, slot);
    slot.begin(thread);
  }

  /** Whether `begin` would have no thread to start. */
  isPrepared(name: string): boolean {
    return this.#spares.get(name) != null;
  }

  /** Has a spare thread for each of the plans, and no other. */
  prepare(plans: readonly PlanToBe<Plan>[]): void {
    const names = new Set(plans.map(({ name }) => name));
    for (const [name, thread] of this.#spares) {
      if (names.has(name)) continue;
      this.#spares.delete(name);
      thread?.kill();
    }
    for (const plan of plans) {
      if (this.#spares.has(plan.name)) continue;
      this.#spares.set(plan.name, null);
      // It may be needed never, and whoever begins now is.
      this.#starts.addLast(() => this.#startSpare(plan));
    }
  }

  /** Starts of threads wait for one another. */
  later(start: () => void): void {
    this.#starts.add(start);
  }

  /** Starts no more, and ends those that are spare. */
  stop(): void {
    this.#starts.stop();
    this.prepare([]);
  }

  killAll(): void {
    for (const thread of this.#slots.keys()) thread.kill();
  }

  #startSpare(plan: PlanToBe<Plan>): void {
    // Nobody wants it any more, or it was wanted twice.
    if (this.#spares.get(plan.name) !== null) return;
    const thread = this.#start(plan.name);
    this.#spares.set(plan.name, thread);
    thread.post({ kind: "prepare", plan });
  }

  #start(name: string): Thread<Order<Plan>> {
    const { entry, memoryLimitBytes, log } = this.#options;
    const thread = startThread<Order<Plan>, Report>({
      ...{ entry, name, memoryLimitBytes, log },
      onMessage: (report) => this.#hear(thread, report),
      onEnd: (end) => this.#ended(thread, end),
    });
    this.#slots.set(thread, null);
    return thread;
  }

  #hear(thread: Thread<Order<Plan>>, report: Report): void {
    const slot = this.#slots.get(thread) ?? null;
    if (slot?.thread === thread) this.#options.heard(slot, report);
    else if (slot !== null) this.#options.heardLate(slot.name, thread, report);
    else if (report.kind === "log") {
      const { level, text, fields } = report;
      this.#options.log.write(level, text, fields);
    }
  }

  #ended(thread: Thread<Order<Plan>>, end: ThreadEnd): void {
    const slot = this.#slots.get(thread) ?? null;
    this.#slots.delete(thread);
    for (const [name, spare] of this.#spares) {
      if (spare !== thread) continue;
      this.#spares.delete(name);
      const cause = end.kind === "failed" ? end.cause : end.kind;
      const text = "a thread that waited ended";
      this.#options.log.write("warn", text, { worker: name, cause });
    }
    this.#options.ended(slot, thread, end);
  }
}
