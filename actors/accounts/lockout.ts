/**
 * Which names are locked because somebody guesses at them: a window of
 * failures for each name, over when its time is over, however many came. It is
 * plain data and bounded; when full it forgets the window that began first.
 *
 * @module
 */

/** Failed attempts on one name since `sinceMs`, wall time. */
export interface Failures {
  readonly sinceMs: number;
  count: number;
}

/** Failures by name; the window that began first comes first. */
export type Lockout = Map<string, Failures>;

/** When a name is locked. */
export interface LockoutRule {
  /** So many failures within the window lock a name for the rest of it. */
  readonly maxFailures: number;
  readonly failureWindowMs: number;
}

/**
 * Names with failures. To fill it within a window of 15 min takes more hashes
 * than two cores do (900 s · 30/s), so no lock is forgotten before its time.
 */
export const FAILING_NAMES_MAX = 32_768;

/** For how long a name is locked, in milliseconds; 0: it is not. */
export function lockedForMs(
  lockout: Lockout,
  name: string,
  nowMs: number,
  { maxFailures, failureWindowMs }: LockoutRule,
): number {
  const failures = lockout.get(name);
  if (failures === undefined || failures.count < maxFailures) return 0;
  const restMs = failures.sinceMs + failureWindowMs - nowMs;
  // Wall time may have been set back; a lock is never longer than its window.
  return Math.max(0, Math.min(restMs, failureWindowMs));
}

/** Counts a failure, in a new window when the last one is over. */
export function noteFailure(
  lockout: Lockout,
  name: string,
  nowMs: number,
  { failureWindowMs }: LockoutRule,
): void {
  const known = lockout.get(name);
  if (known !== undefined && nowMs < known.sinceMs + failureWindowMs) {
    known.count++;
    return;
  }
  lockout.delete(name);
  lockout.set(name, { sinceMs: nowMs, count: 1 });
  const [oldest] = lockout;
  if (oldest === undefined) return;
  const isOver = nowMs >= oldest[1].sinceMs + failureWindowMs;
  if (isOver || lockout.size > FAILING_NAMES_MAX) lockout.delete(oldest[0]);
}
