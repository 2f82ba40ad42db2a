/**
 * The machine's clocks behind the runtime's port, and timers.
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

/** Whether a promise is kept within that time; what it throws is thrown. */
export async function isKeptWithin(
  promise: Promise<unknown>,
  limitMs: number,
): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const patience = setTimeout(resolve, limitMs, false);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(patience);
  }
}

/** Timers of this thread, as gateways and locks take them. */
export const hostTimers = {
  set: (action: () => void, delayMs: number) => setTimeout(action, delayMs),
  clear: (timer: unknown) =>
    clearTimeout(timer as ReturnType<typeof setTimeout> | undefined),
};
