/**
 * One worker as its supervisor knows it, over all its lives: the plan, the
 * thread of this life, how it is, and when it may live again.
 *
 * @module
 */
import type { Random } from "../../actors/runtime/ports.ts";
import {
  decideRestart,
  type RestartSpec,
} from "../../actors/runtime/supervision.ts";
import type {
  Order,
  RecoveryReport,
  ThreadReport,
  WorkerPlan,
} from "./control.ts";
import type { Thread } from "./thread.ts";

/** What every plan says. */
export type PlanOfWorker = Pick<WorkerPlan, "name" | "incarnation">;

/** What is known of one worker. */
export interface WorkerStatus {
  readonly name: string;
  /** One that leaves is ready until it is gone. */
  readonly status: "starting" | "ready" | "down";
  readonly incarnation: number;
  readonly replacements: number;
  readonly recovery: RecoveryReport | null;
  readonly report: ThreadReport | null;
  readonly waitingFrames: number;
}

/** A plan before it is known whose life it is for. */
export type PlanToBe<Plan extends PlanOfWorker> =
  & Omit<Plan, "incarnation">
  & Pick<Plan, "name">;

/** See the module. */
export class WorkerSlot<Plan extends PlanOfWorker> {
  readonly name: string;
  readonly plan: PlanToBe<Plan>;
  /** It was added at run time: when it cannot start it is tried again. */
  readonly isAdded: boolean;
  thread: Thread<Order<Plan>> | null = null;
  /** `leaving`: it finishes what is under way, and is gone for good then. */
  status: WorkerStatus["status"] | "leaving" = "down";
  incarnation: number;
  everReady = false;
  lastBeatMs = 0;
  recovery: RecoveryReport | null = null;
  report: ThreadReport | null = null;
  waitingFrames = 0;
  restartTimer: ReturnType<typeof setTimeout> | undefined;
  /** Resolved when it is gone for good; null: it is to stay. */
  gone: PromiseWithResolvers<void> | null = null;
  readonly #firstIncarnation: number;
  #failuresMs: number[] = [];
  #validUntilMs = Infinity;

  /** @param incarnation Of its first life; left out: 1, and it must start. */
  constructor(plan: PlanToBe<Plan>, incarnation?: number) {
    this.plan = plan;
    this.name = plan.name;
    this.isAdded = incarnation !== undefined;
    this.#firstIncarnation = incarnation ?? 1;
    this.incarnation = this.#firstIncarnation - 1;
  }

  /** It takes part: linked with the others. */
  get isLinked(): boolean {
    return this.status === "ready" || this.status === "leaving";
  }

  /** Sends an order to the thread of this life, if there is one. */
  order(order: Order<Plan>): void {
    this.thread?.post(order, "port" in order ? [order.port] : []);
  }

  /** Makes a fresh link with another worker, over a port of their own. */
  linkWith(other: WorkerSlot<Plan>): void {
    const { port1, port2 } = new MessageChannel();
    this.order({ kind: "connect", peer: other.name, port: port1 });
    other.order({ kind: "connect", peer: this.name, port: port2 });
  }

  /** Sends the plan to a new thread: its next life begins. */
  begin(thread: Thread<Order<Plan>>): void {
    this.thread = thread;
    const plan = { ...this.plan, incarnation: this.incarnation };
    // What was left out of the plan is put back in.
    this.order({ kind: "begin", plan: plan as unknown as Plan });
    if (this.#validUntilMs < Infinity) this.#orderValidity();
  }

  /** Until when it may run; it is not started after that. */
  get validUntilMs(): number {
    return this.#validUntilMs;
  }

  set validUntilMs(atMs: number) {
    this.#validUntilMs = atMs;
    this.#orderValidity();
  }

  #orderValidity(): void {
    this.order({ kind: "valid_until", atMs: this.#validUntilMs });
  }

  /** When it may live again, after one more failure. */
  decideRestart(
    restart: RestartSpec,
    nowMs: number,
    random: Random,
  ): ReturnType<typeof decideRestart> {
    this.#failuresMs = this.#failuresMs.filter((atMs) =>
      atMs > nowMs - restart.periodMs
    );
    this.#failuresMs.push(nowMs);
    return decideRestart(restart, this.#failuresMs, random.next());
  }

  /** What is known of it. */
  describe(): WorkerStatus {
    return {
      name: this.name,
      status: this.status === "leaving" ? "ready" : this.status,
      incarnation: this.incarnation,
      replacements: Math.max(0, this.incarnation - this.#firstIncarnation),
      recovery: this.recovery,
      report: this.report,
      waitingFrames: this.waitingFrames,
    };
  }
}
