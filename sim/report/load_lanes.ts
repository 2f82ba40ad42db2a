/**
 * The lanes of a run: what was asked and how it ended, how long that took, who
 * had to wait, what the cache knew and the limiter turned away. From the
 * series of a run, already thinned.
 *
 * @module
 */
import type { Series } from "../run_result.ts";
import { figure, highest, percent, quotient, whole } from "./figures.ts";
import { html } from "./markup.ts";
import { areaPath, bandPath, linePath, stacked } from "./paths.ts";
import { type Axis, linear, tenfold } from "./scales.ts";
import type { Lane } from "./time_chart.ts";

/** Counts of buckets as counts per second. */
export function perSecond(
  counts: readonly number[],
  bucketMs: number,
): number[] {
  return counts.map((count) => (count * 1_000) / bucketMs);
}

function ticksOf({ scale, ticks }: Axis, unit = "") {
  return ticks.map((tick) => ({
    y: scale(tick),
    label: `${figure(tick)}${unit}`,
  }));
}

/** Offered as a line over the stack of how calls ended. */
export function outcomeLane(series: Series): Lane {
  const rate = (counts: readonly number[]) =>
    perSecond(counts, series.bucketMs);
  const offered = rate(series.offered);
  const [ok, rejected, failed] = [
    rate(series.ok),
    rate(series.rejected),
    rate(series.failed),
  ];
  const layers = stacked([ok, rejected, failed]);
  const top = Math.max(highest(offered), highest(layers[2] ?? []));
  const axis = linear(top);
  const { scale } = axis;
  const [first = [], second = [], third = []] = layers;
  return {
    title: "Requests per second",
    heightPx: 190,
    ticks: ticksOf(axis),
    keys: [
      { name: "ok", tone: "ok" },
      { name: "rejected", tone: "rejected" },
      { name: "failed", tone: "failed" },
      { name: "offered", tone: "offered" },
    ],
    shapes: html`
      <path class="area ok" d="${areaPath(first, scale)}" />
      <path class="area rejected" d="${bandPath(first, second, scale)}" />
      <path class="area failed" d="${bandPath(second, third, scale)}" />
      <path class="line offered" d="${linePath(offered, scale)}" />
    `,
    readings: offered.map((value, at) =>
      `${whole(value)} offered · ${whole(ok[at] ?? 0)} ok · ${
        whole(rejected[at] ?? 0)
      } rejected · ${whole(failed[at] ?? 0)} failed`
    ),
  };
}

/** p50 as a line, up to p99 as a band; a gap where nothing ended. */
export function latencyLane({ p50Ms, p99Ms }: Series): Lane {
  const gaps = (values: readonly number[]) =>
    values.map((value) => value > 0 ? value : null);
  const axis = tenfold([...p50Ms, ...p99Ms]);
  const { scale } = axis;
  const [low, high] = [gaps(p50Ms), gaps(p99Ms)];
  return {
    title: "Response time",
    heightPx: 150,
    ticks: ticksOf(axis, " ms"),
    keys: [
      { name: "p50", tone: "median" },
      { name: "up to p99", tone: "tail" },
    ],
    shapes: html`
      <path class="area tail" d="${bandPath(low, high, scale)}" />
      <path class="line tail" d="${linePath(high, scale)}" />
      <path class="line median" d="${linePath(low, scale)}" />
    `,
    readings: p50Ms.map((value, at) =>
      value > 0
        ? `p50 ${figure(value)} ms · p99 ${figure(p99Ms[at] ?? 0)} ms`
        : "nothing ended"
    ),
  };
}

/** More queues than this are in the table only. */
const MAX_QUEUES = 8;

/** A low lane for each kind of actor, each to its own scale. */
export function depthLanes({ depths }: Series): readonly Lane[] {
  return Object.entries(depths).slice(0, MAX_QUEUES).map(([kind, values]) => {
    const peak = highest(values);
    const { scale } = linear(peak);
    return {
      title: `Waiting at ${kind}`,
      note: `peak ${whole(peak)}`,
      heightPx: 34,
      ticks: [],
      shapes: html`
        <path class="area depth" d="${areaPath(values, scale)}" />
        <path class="line depth" d="${linePath(values, scale)}" />
      `,
      readings: values.map((value) => whole(value)),
    };
  });
}

/** What the cache knew and what not; what the limiter turned away. */
export function cacheLanes(series: Series): readonly Lane[] {
  const { cacheHits, cacheMisses, limited, bucketMs } = series;
  const lookups = cacheHits.map((hits, at) => hits + (cacheMisses[at] ?? 0));
  const ratios = lookups.map((all, at) =>
    all > 0 ? (cacheHits[at] ?? 0) / all : null
  );
  const ratio = linear(1);
  const hits = perSecond(cacheHits, bucketMs);
  const all = perSecond(lookups, bucketMs);
  const traffic = linear(highest(all));
  const refused = perSecond(limited, bucketMs);
  const limits = linear(highest(refused), 1);
  return [{
    title: "Cache hit ratio",
    heightPx: 90,
    ticks: [0.5, 1].map((tick) => ({
      y: ratio.scale(tick),
      label: `${tick * 100} %`,
    })),
    shapes: html`
      <path class="line hit" d="${linePath(ratios, ratio.scale)}" />
    `,
    readings: ratios.map((value) =>
      value === null ? "no lookups" : percent(value)
    ),
  }, {
    title: "Cache lookups per second",
    heightPx: 90,
    ticks: ticksOf(traffic),
    keys: [{ name: "hit", tone: "hit" }, { name: "missed", tone: "miss" }],
    shapes: html`
      <path class="area hit" d="${areaPath(hits, traffic.scale)}" />
      <path class="area miss" d="${bandPath(hits, all, traffic.scale)}" />
    `,
    readings: all.map((value, at) =>
      `${whole(value)} lookups · ${whole(value - (hits[at] ?? 0))} missed`
    ),
  }, {
    title: "Refused by the limiter",
    note: `peak ${whole(highest(refused))}/s`,
    heightPx: 60,
    ticks: ticksOf(limits),
    shapes: html`
      <path class="area limited" d="${areaPath(refused, limits.scale)}" />
    `,
    readings: refused.map((value) => whole(value)),
  }];
}

/** What all of it says in one line, for a screen reader. */
export function spoken(series: Series): string {
  const offered = highest(perSecond(series.offered, series.bucketMs));
  return `Load over time: at most ${whole(offered)} requests per second, ` +
    `p99 at most ${figure(highest(series.p99Ms))} ms.`;
}

/** Hits by lookups; NaN where nobody asked. */
export function hitRatio({ cacheHits, cacheMisses }: Series): number {
  const add = (values: readonly number[]) =>
    values.reduce((total, value) => total + value, 0);
  return quotient(add(cacheHits), add(cacheHits) + add(cacheMisses));
}
