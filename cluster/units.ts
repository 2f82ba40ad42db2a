/**
 * Values with units, as people write them in files: `"30s"`, `"200/s"`,
 * `"64MB"`. In code a number's unit stands in its name instead.
 *
 * @module
 */

/** A duration: a decimal number and `ms`, `s`, `m`, `h` or `d`. */
export const DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;

/** A rate: a whole number and a second, or the window that it counts in. */
export const RATE = /^(\d{1,10})\/(\d{0,6})(s|m|h)$/;

/** A size: a whole number and `B`, `KB`, `MB` or `GB`, in steps of 1,024. */
export const SIZE = /^(\d{1,9})(B|KB|MB|GB)$/;

const MS_PER: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const BYTES_PER: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
};

/** Whole milliseconds; null when `text` is no duration or not a whole one. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return null;
  // Thousandths first: 0.3 × 1000 is whole, 0.3 × 60,000 need not be.
  const thousandths = Math.round(Number(amount) * 1000) * MS_PER[unit]!;
  return thousandths % 1000 === 0 ? thousandths / 1000 : null;
}

/**
 * Events per second: `"200/s"` is 200, `"100/10s"` is 10, `"30/m"` is 0.5.
 * Null when `text` is no rate.
 */
export function parseRate(text: string): number | null {
  const rate = parseWindow(text);
  return rate === null ? null : (rate.events * 1000) / rate.windowMs;
}

/**
 * A rate as it is written: `"100/10s"` is 100 events in 10,000 ms. Null when
 * `text` is no rate.
 */
export function parseWindow(
  text: string,
): { readonly events: number; readonly windowMs: number } | null {
  const [, events, windows, unit] = RATE.exec(text) ?? [];
  if (events === undefined || unit === undefined) return null;
  const windowMs = Number(windows || "1") * MS_PER[unit]!;
  return windowMs === 0 ? null : { events: Number(events), windowMs };
}

/** Bytes; null when `text` is no size. */
export function parseSize(text: string): number | null {
  const [, amount, unit] = SIZE.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return null;
  return Number(amount) * BYTES_PER[unit]!;
}
