/**
 * The users of the contests, and how a program shows that it decided: one that
 * lets nobody in, or does not count, is fast.
 *
 * @module
 */

/** So many that each has a limiter of his own and they do not fit in a cache. */
const USERS = 10_000;

/** Requests of one user that pass at once: more than a round has. */
export const BURST = 1_000_000;

const NAMES = Array.from({ length: USERS }, (_, number) => `user-${number}`);

/** Who makes a request: all of them in turn. */
export function userOf(request: number): string {
  return NAMES[request % USERS]!;
}

/** Throws when not every request of users within their limits has passed. */
export function verifyPassed(passed: number, requests: number): void {
  if (passed === requests) return;
  throw new Error(
    `Cannot accept a limiter as all ${requests} requests must pass: ` +
      `current value is ${passed}`,
  );
}
