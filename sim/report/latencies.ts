/**
 * How long steps took: a table with a drawing in each row, from the median
 * (dot) over p90 to p99.9 (thin end), all rows on one axis, tenfold steps alike.
 *
 * @module
 */
import type { LatencySummary } from "../run_result.ts";
import { figure, whole } from "./figures.ts";
import { html, type Markup } from "./markup.ts";
import { type Axis, tenfold } from "./scales.ts";
import { table } from "./tables.ts";

const HEADINGS = ["Step", "ms", "mean", "p50", "p90", "p99", "p99.9", "max"];

/** The table; null where nothing was measured. */
export function latencyTable(
  latencies: readonly LatencySummary[],
): Markup | null {
  if (latencies.length === 0) return null;
  const axis = tenfold(
    latencies.flatMap(({ p50Ms, p999Ms }) => [p50Ms, p999Ms])
      .filter(Number.isFinite),
  );
  return table({
    caption: "Response times by step, in milliseconds",
    headings: [...HEADINGS, "count"],
    words: [1],
    rows: latencies.map((each) => [
      each.step,
      strip(each, axis),
      figure(each.meanMs),
      figure(each.p50Ms),
      figure(each.p90Ms),
      figure(each.p99Ms),
      figure(each.p999Ms),
      figure(each.maxMs),
      whole(each.count),
    ]),
  });
}

/** The width of a row's drawing, in pixels. */
export const STRIP_WIDTH = 240;

/** The drawing of a row. */
export function strip(
  each: Pick<LatencySummary, "p50Ms" | "p90Ms" | "p99Ms" | "p999Ms">,
  { scale, ticks }: Axis,
): Markup {
  const x = (ms: number) => ((100 - scale(ms)) / 100) * STRIP_WIDTH;
  const bar = (from: number, to: number, height: number, tone: string) =>
    html`
      <rect class="${tone}" x="${x(from)}" width="${Math.max(
        1,
        x(to) - x(from),
      )}" y="${12 - height / 2}"
        height="${height}" rx="${height / 2}" />
    `;
  const { p50Ms, p90Ms, p99Ms, p999Ms } = each;
  return html`
    <svg class="strip-plot" width="${STRIP_WIDTH}" height="24"
      aria-hidden="true">${ticks.map((tick) =>
        html`
          <line class="grid" x1="${x(tick)}" x2="${x(tick)}" y2="24" />
        `
      )}${bar(p50Ms, p999Ms, 3, "tail")}${bar(p50Ms, p99Ms, 6, "tail")}${bar(
        p50Ms,
        p90Ms,
        10,
        "tail",
      )}<circle class="median" cx="${x(p50Ms)}" cy="12" r="5"/></svg>
  `;
}
