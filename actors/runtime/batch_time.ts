/**
 * The time of a batch: both clocks, read once and then standing still, so that
 * all steps of a batch see one time and none of them pays for a clock. Wall
 * time never goes back here, whatever the machine's clock does.
 *
 * @module
 */
import type { Clock } from "./ports.ts";

/** Two readings, in milliseconds. */
export class BatchTime {
  /** The monotonic clock's last reading. */
  monotonicMs = 0;
  /** The wall clock's highest reading. */
  wallMs = 0;
  readonly #clock: Clock;

  /** Reads both clocks. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.read();
  }

  /** Reads both clocks: a batch begins. */
  read(): void {
    this.monotonicMs = this.#clock.monotonicMs();
    this.wallMs = Math.max(this.wallMs, this.#clock.wallMs());
  }

  /** Reads the monotonic clock alone: something comes in between batches. */
  readMonotonic(): void {
    this.monotonicMs = this.#clock.monotonicMs();
  }
}
