/**
 * Durations of scenario files: those of the shop's config, but down to a
 * microsecond (`"0.004ms"`), which is what virtual time counts in.
 *
 * @module
 */
import { DURATION } from "../cluster/units.ts";

const US_PER: Readonly<Record<string, number>> = {
  ms: 1000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/** Whole microseconds; null when `text` is no duration. */
export function parseUs(text: string): number | null {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return null;
  // At most three decimals of at least 1,000 µs: always whole, and exact.
  return Math.round(Number(amount) * 1000) * (US_PER[unit]! / 1000);
}

/** Text that `parseUs` reads as the same number of microseconds. */
export function formatUs(us: number): string {
  // Nine digits of milliseconds are eleven days; whole seconds go further.
  return us < 1e12 ? `${us / 1000}ms` : `${Math.round(us / 1000) / 1000}s`;
}
