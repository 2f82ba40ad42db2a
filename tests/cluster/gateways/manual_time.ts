/**
 * Time that passes when a test says so: a clock and the timers set on it.
 *
 * @module
 */
import type { Clock } from "../../../actors/runtime/ports.ts";
import type { Timers } from "../../../cluster/gateways/gateway.ts";

interface ManualTimer {
  readonly action: () => void;
  readonly dueMs: number;
}

/** A clock that begins at 0 and its timers. */
export class ManualTime implements Clock, Timers<unknown> {
  #nowMs = 0;
  readonly #timers = new Set<ManualTimer>();

  /** Timers that have not run and were not cleared. */
  get pending(): number {
    return this.#timers.size;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  set(action: () => void, delayMs: number): ManualTimer {
    const timer = { action, dueMs: this.#nowMs + delayMs };
    this.#timers.add(timer);
    return timer;
  }

  clear(timer: unknown): void {
    this.#timers.delete(timer as ManualTimer);
  }

  /** Lets time pass and runs what is due, in order. */
  advance(durationMs: number): void {
    this.jump(durationMs);
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= this.#nowMs);
    for (const timer of due.sort((a, b) => a.dueMs - b.dueMs)) {
      if (this.#timers.delete(timer)) timer.action();
    }
  }

  /** Lets time pass while the timers are late. */
  jump(durationMs: number): void {
    this.#nowMs += durationMs;
  }
}
