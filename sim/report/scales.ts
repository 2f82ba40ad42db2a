/**
 * From values to heights. A plot is 1000 wide and 100 high, whatever size it
 * gets on the screen; 0 is the top. Without `Math.log`, whose last digits
 * differ between versions of the engine: octaves are counted by halving.
 *
 * @module
 */

/** A value's height in a plot. */
export type Scale = (value: number) => number;

/** A value that gets a line and a label. */
export interface Axis {
  readonly scale: Scale;
  readonly ticks: readonly number[];
}

/** Beyond these nothing in a run is; loops below count on it. */
const LEAST = 1e-9;
const MOST = 1e18;

/** Air above the highest value, so that a line is not cut in half. */
const HEADROOM = 1.06;

/** From 0 to `max`, evenly; a low plot has room for few ticks. */
export function linear(max: number, maxTicks = 4): Axis {
  if (!(max >= LEAST) || max > MOST) {
    return { scale: () => 100, ticks: [] };
  }
  const step = niceStep(max);
  const all = [1, 2, 3, 4].map((each) => each * step)
    .filter((tick) => tick <= max);
  const ticks = all.length > maxTicks ? all.slice(-1) : all;
  return { scale: (value) => 100 - (100 * value) / (max * HEADROOM), ticks };
}

/** Below this ratio of largest to smallest an even scale shows as much. */
const WORTH_OCTAVES = 20;
/** Labels that have room in a plot 150 pixels high. */
const MAX_TICKS = 6;

/** From the smallest to the largest of `values` above 0; each tenfold alike. */
export function tenfold(values: readonly number[]): Axis {
  const positive = values.filter((value) => value >= LEAST && value <= MOST);
  const max = positive.reduce((most, value) => Math.max(most, value), 0);
  const min = positive.reduce((least, value) => Math.min(least, value), max);
  if (max <= min * WORTH_OCTAVES) return linear(max);
  const low = octaves(min) - 0.5;
  const high = octaves(max) + 0.4;
  const ticks: number[] = [];
  for (let tick = powerOfTen(min) * 10; tick <= max; tick *= 10) {
    ticks.push(tick);
  }
  const every = Math.ceil(ticks.length / MAX_TICKS);
  const scale: Scale = (value) =>
    value < LEAST ? 100 : 100 - (100 * (octaves(value) - low)) / (high - low);
  return { scale, ticks: ticks.filter((_, index) => index % every === 0) };
}

/** The logarithm to base 2, straight between powers of 2. */
export function octaves(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 0;
  let rest = value;
  let whole = 0;
  for (; rest >= 2; rest /= 2) whole++;
  for (; rest < 1; rest *= 2) whole--;
  return whole + rest - 1;
}

/** A round step that fits into `max` one to four times. */
function niceStep(max: number): number {
  const power = powerOfTen(max);
  const times = max / power;
  return times < 2 ? power / 2 : times < 4 ? power : power * 2;
}

/** The largest power of ten that is not above `value`. */
function powerOfTen(value: number): number {
  let power = 1;
  while (power * 10 <= value) power *= 10;
  while (power > value) power /= 10;
  return power;
}

const DAY_MS = 86_400_000;
const STEPS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12, 24].map((hours) => hours * 3_600_000),
];
/** As many labels as stand side by side on a phone. */
const MAX_TIME_TICKS = 6;

/** Round moments from 0 to `endMs`, at most seven. */
export function timeTicks(endMs: number): number[] {
  const fits = (step: number) => endMs / step <= MAX_TIME_TICKS;
  const step = STEPS_MS.find(fits) ??
    Math.ceil(endMs / MAX_TIME_TICKS / DAY_MS) * DAY_MS;
  const ticks = Math.max(0, Math.floor(endMs / step));
  return Array.from({ length: ticks + 1 }, (_, index) => index * step);
}
