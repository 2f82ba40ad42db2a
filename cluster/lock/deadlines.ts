/**
 * Answers that must come within one and the same time, on one timer for all of
 * them: who was asked first is due first. A timer for each would cost more
 * than the rest of a command. The timer runs on when all have been answered,
 * until it is due or stopped.
 *
 * @module
 */
import type { Clock } from "../../actors/runtime/ports.ts";
import type { Timers } from "../gateways/gateway.ts";

interface Pending {
  readonly dueMs: number;
  /** Null: it has been answered. */
  late: (() => void) | null;
}

/** Answered ones at the front are dropped in pieces of this many. */
const SPARE = 1_024;

/** See the module. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #withinMs: number;
  readonly #ticked: () => void;
  /** In the order of asking, from `#first` on. */
  #pending: Pending[] = [];
  #first = 0;
  #timer: unknown = null;
  /** Somebody waits until there is nothing left to be answered. */
  #settled: PromiseWithResolvers<void> | null = null;

  /** @param ticked Called whenever the timer is due. */
  constructor(
    { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
    withinMs: number,
    ticked: () => void,
  ) {
    this.#clock = clock;
    this.#timers = timers;
    this.#withinMs = withinMs;
    this.#ticked = ticked;
  }

  /**
   * The answer to what was asked at `nowMs`, or unknown when it comes too late;
   * rejects as it does.
   */
  within<Answer>(
    answer: Promise<Answer>,
    nowMs: number,
  ): Promise<Answer | { readonly kind: "unknown" }> {
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        dueMs: nowMs + this.#withinMs,
        late: () => resolve({ kind: "unknown" }),
      };
      this.#pending.push(pending);
      if (this.#timer === null) this.#arm(this.#withinMs);
      answer.then((value) => {
        pending.late = null;
        this.#forget();
        resolve(value);
      }, (error) => {
        pending.late = null;
        this.#forget();
        reject(error);
      });
    });
  }

  /** Resolves when all that was asked is answered or late. */
  async settled(): Promise<void> {
    while (this.#first < this.#pending.length) {
      this.#settled ??= Promise.withResolvers();
      await this.#settled.promise;
    }
  }

  /** Stops the timer; what is asked afterwards starts it again. */
  stop(): void {
    this.#timers.clear(this.#timer);
    this.#timer = null;
  }

  #arm(delayMs: number): void {
    this.#timer = this.#timers.set(() => this.#tick(), Math.ceil(delayMs));
  }

  #tick(): void {
    this.#timer = null;
    const nowMs = this.#clock.monotonicMs();
    for (let at = this.#first; at < this.#pending.length; at++) {
      const pending = this.#pending[at]!;
      if (pending.dueMs > nowMs) break;
      pending.late?.();
      pending.late = null;
    }
    this.#forget();
    const next = this.#pending[this.#first];
    if (next !== undefined) this.#arm(Math.max(1, next.dueMs - nowMs));
    this.#ticked();
  }

  #forget(): void {
    while (this.#pending[this.#first]?.late === null) this.#first++;
    if (this.#first === this.#pending.length) {
      this.#pending.length = 0;
      this.#first = 0;
      this.#settled?.resolve();
      this.#settled = null;
    } else if (this.#first > SPARE) {
      this.#pending.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
