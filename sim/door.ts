/**
 * Where clients call: the gate of the shop, or of several processes the gate of
 * the one that a load balancer picks.
 *
 * @module
 */
import { failed, RETRY_AFTER_MS, unknown } from "../actors/runtime/outcome.ts";
import { stableHash } from "../actors/runtime/random.ts";
import type { Done, Gate } from "../cluster/gate.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimulatedProcess } from "./simulated_process.ts";

/** What clients use of a gate. */
export interface Door extends
  Pick<
    Gate,
    | "admit"
    | "readProduct"
    | "placeOrder"
    | "readOrder"
    | "payOrder"
    | "cancelOrder"
  > {
  /** Of several processes, which. */
  readonly process?: string;
}

/** What the door of a process needs. */
export interface ProcessDoorOptions {
  readonly scheduler: Scheduler;
  /** Limits that all processes share. */
  readonly admit: Door["admit"];
  /** What the main thread takes for a call, half of it before the gate. */
  readonly callUs: number;
  /** Somebody calls. */
  readonly called: () => void;
  /** Who has no answer by then gives up, in microseconds. */
  readonly patienceUs: number;
}

/** A connection that is refused, or breaks, is noticed after this long. */
const NOTICED_US = 500;

/**
 * The door of one life of a process. Who waits when the process is gone loses
 * his connection, and does not know what became of what he asked.
 */
export class ProcessDoor implements Door {
  readonly process: string;
  readonly admit: Door["admit"];
  readonly #options: ProcessDoorOptions;
  readonly #inner: SimulatedProcess;
  readonly #label: number;
  readonly #waiting = new Set<() => void>();

  constructor(inner: SimulatedProcess, options: ProcessDoorOptions) {
    this.#inner = inner;
    this.#options = options;
    this.process = inner.name;
    this.admit = options.admit;
    this.#label = stableHash(`door ${inner.name}`);
  }

  readProduct: Door["readProduct"] = (sku, fresh, done) =>
    this.#call(
      done,
      (answered) => this.#inner.gate.readProduct(sku, fresh, answered),
    );

  placeOrder: Door["placeOrder"] = (userId, key, lines, done) =>
    this.#call(
      done,
      (answered) => this.#inner.gate.placeOrder(userId, key, lines, answered),
    );

  readOrder: Door["readOrder"] = (userId, orderId, done) =>
    this.#call(
      done,
      (answered) => this.#inner.gate.readOrder(userId, orderId, answered),
    );

  payOrder: Door["payOrder"] = (userId, orderId, key, method, done) =>
    this.#call(
      done,
      (answered) =>
        this.#inner.gate.payOrder(userId, orderId, key, method, answered),
    );

  cancelOrder: Door["cancelOrder"] = (userId, orderId, done) =>
    this.#call(
      done,
      (answered) => this.#inner.gate.cancelOrder(userId, orderId, answered),
    );

  /** Calls that have no answer yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The process is gone: all connections break. */
  break(): void {
    for (const giveUp of [...this.#waiting]) this.#after(NOTICED_US, giveUp);
  }

  #call<Value>(done: Done<Value>, go: (answered: Done<Value>) => void): void {
    if (!this.#inner.takesCalls) {
      const refused = failed("unavailable", RETRY_AFTER_MS);
      return this.#after(NOTICED_US, () => done(refused));
    }
    const settle: Done<Value> = (outcome) => {
      if (this.#waiting.delete(giveUp)) done(outcome);
    };
    const giveUp = () => settle(unknown(RETRY_AFTER_MS));
    this.#waiting.add(giveUp);
    const { callUs, called, patienceUs } = this.#options;
    this.#after(patienceUs, giveUp);
    called();
    const { main } = this.#inner;
    const halfUs = Math.round(callUs / 2);
    // A process that is stopped has it in its socket's buffer.
    this.#inner.take(() =>
      main.work(
        halfUs,
        () => go((outcome) => main.work(halfUs, () => settle(outcome))),
      )
    );
  }

  #after(delayUs: number, act: () => void): void {
    const { scheduler } = this.#options;
    scheduler.at(scheduler.nowUs + delayUs, this.#label, act);
  }
}

/** Looks that fail before a process is left out: three, two seconds apart. */
const LEFT_OUT_AFTER_US = 6_000_000;

/** One after the other, of those that take requests as far as one knows. */
export class LoadBalancer {
  #turn = 0;

  /** The door for the next call; of those that there are. */
  pick(
    doors: readonly (readonly [SimulatedProcess, ProcessDoor])[],
    nowUs: number,
  ): ProcessDoor {
    const open = doors.filter(([process]) => isUp(process, nowUs));
    const among = open.length > 0 ? open : doors;
    return among[this.#turn++ % among.length]![1];
  }
}

function isUp(process: SimulatedProcess, nowUs: number): boolean {
  const { isOpen, frozenSinceUs } = process;
  return isOpen &&
    (frozenSinceUs === null || nowUs - frozenSinceUs < LEFT_OUT_AFTER_US);
}
