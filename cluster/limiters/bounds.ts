/**
 * The numbers that limiters count in, and how far they reach: all of it stays
 * within safe integers, so that no fraction of a request is ever lost. A number
 * beyond its bounds is refused when a limiter is made.
 *
 * @module
 */

/** Micro-requests in a request, and microseconds in a second. */
export const MICRO = 1_000_000;

/**
 * 2^53 micro-tokens are 9.007 × 10^9 tokens; a refill adds less than capacity
 * + rate before it is cut, so 4 × 10^9 each keeps every sum a safe integer.
 */
export const MOST_TOKENS = 4_000_000_000;

/** Who waits for longer than a minute has gone. */
export const MOST_WAIT_MS = 60_000;

/** A minute's queue at this rate is 6 × 10^13 micro-requests: safe. */
export const MOST_QUEUED_PER_SECOND = 1_000_000;

/** One time is kept for each request of a window: 8 KB for each client. */
export const MOST_IN_WINDOW = 1_000;

/** A day: what counts over longer is a quota, not a limit of load. */
export const MOST_WINDOW_MS = 86_400_000;

/** @throws {RangeError} When a number of a policy is not within its bounds. */
export function checkInteger(
  what: string,
  name: string,
  value: number,
  bounds: readonly [least: number, most: number],
): void {
  // By index: a limiter is made for each new client.
  const least = bounds[0];
  const most = bounds[1];
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new RangeError(
    `Cannot make a ${what} as ${name} must be an integer from ${least} ` +
      `to ${most}: current value is ${value}`,
  );
}

/** Of a cost, in millionths, what `elapsedMs` at a rate has not made up for. */
export function leftOf(
  cost: number,
  elapsedMs: number,
  perSecond: number,
): number {
  const elapsedUs = Math.ceil(Math.max(0, elapsedMs) * 1000);
  const whole = cost * MICRO;
  // Compared before multiplied: after a long pause the product is not safe.
  return elapsedUs >= whole / perSecond ? 0 : whole - elapsedUs * perSecond;
}
