/**
 * How the report writes numbers. Written by hand, not by the host's locale, so
 * that the same run gives the same page everywhere. What is not a finite
 * number is written as a dash: nobody can act on it.
 *
 * @module
 */

const NOTHING = "–";
/** From here on digits say less than the size does. */
const HUGE = 1e15;
const TINY = 1e-6;

/** `1234.5` → `1,235`; `12.345` → `12.3`; `0.0042` → `0.0042`. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return NOTHING;
  const size = Math.abs(value);
  if (size >= HUGE || (size > 0 && size < TINY)) return value.toExponential(2);
  if (Number.isInteger(value) || size >= 100) return whole(value);
  const digits = size >= 10 ? 1 : size >= 1 ? 2 : 3;
  const text = size >= 0.1 ? value.toFixed(digits) : value.toPrecision(2);
  return String(Number(text));
}

/** With a comma between each three digits. */
export function whole(value: number): string {
  if (!Number.isFinite(value)) return NOTHING;
  if (Math.abs(value) >= HUGE) return value.toExponential(2);
  const text = String(Math.round(value));
  return text.replace(/\B(?=(\d{3})+$)/g, ",").replace(/^-0$/, "0");
}

/** `1 check`, `3 checks`. */
export function count(number: number, noun: string): string {
  return `${whole(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** `4.2 ms`. */
export function milliseconds(value: number): string {
  return `${figure(value)} ms`;
}

/** `93.1 %` of a ratio between 0 and 1. */
export function percent(ratio: number): string {
  return Number.isFinite(ratio) ? `${(ratio * 100).toFixed(1)} %` : NOTHING;
}

/** The quotient; NaN, which is written as a dash, when there is nothing. */
export function quotient(dividend: number, divisor: number): number {
  return divisor > 0 ? dividend / divisor : NaN;
}

/** A span of time: `250 ms`, `12.5 s`, `3 min 20 s`, `2 h 05 min`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return NOTHING;
  if (ms < 1_000) return milliseconds(ms);
  if (ms < 120_000) return `${Number((ms / 1_000).toFixed(2))} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 7_200) {
    return `${Math.floor(seconds / 60)} min ${padded(seconds % 60)} s`;
  }
  const minutes = Math.round(seconds / 60);
  return `${whole(Math.floor(minutes / 60))} h ${padded(minutes % 60)} min`;
}

/** The labels of a time axis: short, all in the unit that `endMs` asks for. */
export function clock(ms: number, endMs: number): string {
  if (endMs < 2_000) return `${figure(Math.round(ms))} ms`;
  if (endMs < 120_000) return `${Number((ms / 1_000).toFixed(2))} s`;
  const seconds = Math.round(ms / 1_000);
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  if (endMs < 7_200_000) return `${minutes}:${padded(rest)}`;
  return `${Math.floor(minutes / 60)}:${padded(minutes % 60)} h`;
}

function padded(value: number): string {
  return String(value).padStart(2, "0");
}

export const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

/** 0 of none; takes more values than a call takes arguments. */
export const highest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value), 0);
