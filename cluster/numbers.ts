/**
 * The formulas that the project started from, under their names: mean response
 * time, throughput, hit and miss ratio, the share of a server, the rates of
 * both buckets, the speed of scaling. The simulator's report and the metrics of
 * a running shop both take them from here. A ratio is a fraction everywhere,
 * 0.6 for 60 of 100; and where nothing has happened every number is 0.
 *
 * @module
 */

/** Sum of all response times over how many there were, in milliseconds. */
export function meanResponseTimeMs(totalMs: number, requests: number): number {
  return over(totalMs, requests);
}

/** Requests per second of the time that they took together. */
export function throughputPerSecond(
  requests: number,
  elapsedMs: number,
): number {
  return over(requests * 1_000, elapsedMs);
}

/** The fraction of lookups that a cache answered. */
export function hitRatio(hits: number, lookups: number): number {
  return over(hits, lookups);
}

/** The rest: 1 − hit ratio; without lookups there is no rest. */
export function missRatio(hits: number, lookups: number): number {
  return over(lookups - hits, lookups);
}

/** R / N: what each of N servers has of R requests, if all have the same. */
export function meanShare(requests: number, servers: number): number {
  return over(requests, servers);
}

/** Tokens that a window brings, per second. */
export function tokensPerSecond(tokens: number, windowMs: number): number {
  return over(tokens * 1_000, windowMs);
}

/** Requests that leak out in a window, per second. */
export function outflowPerSecond(requests: number, windowMs: number): number {
  return over(requests * 1_000, windowMs);
}

/** Servers that were added, per minute. */
export function scalingPerMinute(servers: number, elapsedMs: number): number {
  return over(servers * 60_000, elapsedMs);
}

function over(dividend: number, divisor: number): number {
  return divisor > 0 ? dividend / divisor : 0;
}

/**
 * The value that `percent` of what a histogram counted do not exceed, as far as
 * its buckets tell: within one, values are taken to lie evenly (as Prometheus'
 * `histogram_quantile` does). 0 when it counted nothing; the greatest bound for
 * what lies beyond all of them.
 *
 * @param bounds Upper bounds of the buckets, rising.
 * @param counts One for each bound, and one for what is beyond the last.
 */
export function percentileOf(
  percent: number,
  bounds: readonly number[],
  counts: ArrayLike<number>,
): number {
  let total = 0;
  for (let bucket = 0; bucket <= bounds.length; bucket++) {
    total += counts[bucket] ?? 0;
  }
  const rank = total * percent / 100;
  let below = 0;
  for (const [bucket, bound] of bounds.entries()) {
    const inside = counts[bucket] ?? 0;
    if (inside > 0 && below + inside >= rank) {
      const from = bounds[bucket - 1] ?? 0;
      return from + (bound - from) * (rank - below) / inside;
    }
    below += inside;
  }
  return total === 0 ? 0 : bounds.at(-1) ?? 0;
}
