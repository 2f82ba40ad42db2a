/**
 * What stands below a run's verdict, in the order in which people look: the
 * thresholds, the load over time, the shards, the stock, the cache, the checks,
 * the response times, the formulas.
 *
 * @module
 */
import type { CheckResult, RunResult, Series } from "../run_result.ts";
import { clock, duration, figure, highest, whole } from "./figures.ts";
import { formulaCards } from "./formulas.ts";
import { heatMap } from "./heat_map.ts";
import { latencyTable } from "./latencies.ts";
import {
  cacheLanes,
  depthLanes,
  latencyLane,
  outcomeLane,
  perSecond,
  spoken,
} from "./load_lanes.ts";
import { breakable, html, type Markup } from "./markup.ts";
import { stockLedger } from "./stock_ledger.ts";
import { table, twin } from "./tables.ts";
import { thin } from "./thinning.ts";
import { endOf, type Frame, marks, timeChart } from "./time_chart.ts";
import { tick, valueOf } from "./verdict.ts";

/** A chart 1000 pixels wide shows a bucket in 5: as fine as one can point. */
const MAX_POINTS = 180;
/** Rows that somebody reads. */
const MAX_ROWS = 60;
const MAX_FAULT_ROWS = 500;

/** Everything below the head. */
export function details(result: RunResult): Markup {
  const series = thin(result.series, MAX_POINTS);
  const frame: Frame = {
    bucketMs: series.bucketMs,
    points: series.offered.length,
    faults: result.faults,
    violations: result.checks.flatMap(({ firstViolation }) =>
      firstViolation === undefined ? [] : [{
        check: firstViolation.check,
        atMs: firstViolation.atUs / 1_000,
      }]
    ),
  };
  return html`${section("Thresholds", "", thresholds(result))}
${
    section(
      "The run over time",
      grain(frame),
      html`${
        timeChart(
          frame,
          [outcomeLane(series), latencyLane(series), ...depthLanes(series)],
          spoken(series),
        )
      }${marks(frame)}${timeTable(series)}${faultTable(result)}`,
    )
  }
${
    section(
      "Shards",
      "Messages handled by each, over time. Shades go by the square root, so " +
        "that the quiet ones show.",
      heatMap(
        series.handled,
        frame,
      ),
    )
  }
${
    section(
      "Stock",
      "A flat top: nothing was lost, nothing sold twice.",
      stockLedger(series.stock, frame),
    )
  }
${section("Cache and limiter", "", cache(series, frame))}
${section("Checks", "", checks(result.checks))}
${
    section(
      "Response times",
      "Dot: median. Bars: to p90, p99 and p99.9. Tenfold steps are alike.",
      latencyTable(result.latencies),
    )
  }
${section("The seeds’ formulas", "", formulaCards({ ...result, series }))}`;
}

/** Nothing to show, no section. */
function section(
  title: string,
  lead: string,
  content: Markup | null,
): Markup | null {
  if (content === null) return null;
  return html`<section class="sheet"><h2>${title}</h2>${
    lead === "" ? null : html`<p class="faint">${lead}</p>`
  }
${content}</section>`;
}

function grain({ bucketMs, faults }: Frame): string {
  return `Each point spans ${duration(bucketMs)}.` +
    (faults.length === 0 ? "" : " Shaded: while a fault lasted.");
}

function thresholds({ thresholds }: RunResult): Markup | null {
  if (thresholds.length === 0) return null;
  return table({
    caption: "Thresholds",
    headings: ["Metric", "bound", "value", ""],
    rows: thresholds.map((each) => [
      each.metric,
      each.bound,
      valueOf(each),
      tick(each.ok),
    ]),
  });
}

function checks(results: readonly CheckResult[]): Markup | null {
  if (results.length === 0) return null;
  return html`<ul class="checks">${
    results.map(({ id, ok, checked, firstViolation }) =>
      html`
        <li
          class="${ok ? "good" : "bad"}">${tick(
            ok,
          )}<strong>${breakable(id)}</strong><span class="value">${whole(
            checked,
          )}</span><span class="faint">${checked === 0
            ? "never had something to check"
            : "times looked"}</span>${firstViolation === undefined
            ? null
            : html`<p>${firstViolation.key}: ${firstViolation.detail}</p>`}</li>
      `
    )
  }</ul>`;
}

/** All series in as many rows as somebody reads. */
function timeTable(full: Series): Markup {
  const series = thin(full, MAX_ROWS);
  const endMs = series.bucketMs * series.offered.length;
  const kinds = Object.keys(series.depths);
  const rate = (counts: readonly number[]) =>
    perSecond(counts, series.bucketMs).map(whole);
  const columns = [
    rate(series.offered),
    rate(series.ok),
    rate(series.rejected),
    rate(series.failed),
    series.p50Ms.map(figure),
    series.p99Ms.map(figure),
    ...kinds.map((kind) => (series.depths[kind] ?? []).map(whole)),
  ];
  return twin({
    caption: "Load over time, per second",
    headings: [
      ...["From", "offered", "ok", "rejected", "failed", "p50 ms", "p99 ms"],
      ...kinds.map((kind) => `${kind} waiting`),
    ],
    rows: series.offered.map((_, at) => [
      clock(at * series.bucketMs, endMs),
      ...columns.map((column) => column[at] ?? ""),
    ]),
  });
}

function faultTable({ faults }: RunResult): Markup | null {
  if (faults.length === 0) return null;
  return twin({
    caption: faults.length > MAX_FAULT_ROWS
      ? `The first ${whole(MAX_FAULT_ROWS)} of ${whole(faults.length)} faults`
      : "Faults",
    headings: ["Fault", "what", "target", "from", "to"],
    words: [1, 2],
    rows: faults.slice(0, MAX_FAULT_ROWS).map((fault) => [
      fault.id,
      fault.what,
      fault.target,
      duration(fault.fromMs),
      duration(fault.toMs),
    ]),
  });
}

function cache(series: Series, frame: Frame): Markup | null {
  const lanes = cacheLanes(series);
  const all = [series.cacheHits, series.cacheMisses, series.limited];
  if (all.every((values) => highest(values) === 0)) return null;
  const rows = thin(series, MAX_ROWS);
  return html`${
    timeChart(frame, lanes, "Cache hits and refusals of the limiter over time")
  }${
    twin({
      caption: "Cache and limiter over time",
      headings: ["From", "hits", "misses", "turned away"],
      rows: rows.cacheHits.map((hits, at) => [
        clock(at * rows.bucketMs, endOf(frame)),
        whole(hits),
        whole(rows.cacheMisses[at] ?? 0),
        whole(rows.limited[at] ?? 0),
      ]),
    })
  }`;
}
