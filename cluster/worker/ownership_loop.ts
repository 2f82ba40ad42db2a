/**
 * Calls an ownership when it is time, on the machine's clock.
 *
 * @module
 */
import type { Clock } from "../../actors/runtime/ports.ts";
import type { Timers } from "../gateways/gateway.ts";
import type { Ownership } from "../ownership.ts";
import { hostClock, hostTimers } from "./host_clock.ts";

/** See the module. */
export class OwnershipLoop {
  readonly #clock: Clock;
  readonly #timers: Timers;
  #ownership: Ownership | null = null;
  #timer: unknown = null;

  /** Uses this process's clock and timers unless told otherwise. */
  constructor(clock: Clock = hostClock, timers: Timers = hostTimers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Ticks at once; what an ownership calls when something came in. */
  readonly wake = (): void => {
    if (this.#ownership === null) return;
    this.#timers.clear(this.#timer);
    this.#timer = null;
    const nextMs = this.#ownership.tick(this.#clock.monotonicMs());
    // Stopped meanwhile, or over.
    if (this.#ownership === null || nextMs === Infinity) return;
    const delayMs = Math.max(0, nextMs - this.#clock.monotonicMs());
    this.#timer = this.#timers.set(this.wake, Math.ceil(delayMs));
  };

  /** Begins to call it. */
  start(ownership: Ownership): void {
    this.#ownership = ownership;
    this.wake();
  }

  /** Calls it no more; its leases end by themselves. */
  stop(): void {
    this.#ownership = null;
    this.#timers.clear(this.#timer);
    this.#timer = null;
  }
}
