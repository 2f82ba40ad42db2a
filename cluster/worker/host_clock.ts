/**
 * The machine's clocks behind the runtime's port.
 *
 * `performance.now()` starts anew in each worker; adding its origin gives one
 * monotonic clock for all threads of the process.
 *
 * @module
 */
import type { Clock } from "../../actors/runtime/ports.ts";

/** The clocks of this process. */
export const hostClock: Clock = {
  monotonicMs: () => performance.timeOrigin + performance.now(),
  wallMs: () => Date.now(),
};
