/**
 * The formulas that the project started from, with this run's numbers in them:
 * mean response time, throughput, hit and miss ratio, the share of a server.
 *
 * @module
 */
import {
  hitRatio,
  meanResponseTimeMs,
  meanShare,
  missRatio,
  throughputPerSecond,
} from "../../cluster/numbers.ts";
import type { RunResult } from "../run_result.ts";
import {
  duration,
  figure,
  highest,
  milliseconds,
  percent,
  sum,
  whole,
} from "./figures.ts";
import { html, type Markup } from "./markup.ts";
import { thin } from "./thinning.ts";

/** A formula, filled in. */
export interface Formula {
  readonly name: string;
  /** Such as `hits / lookups`. */
  readonly formula: string;
  readonly numbers: string;
  readonly value: string;
}

/** Every formula; where nothing has happened its value is 0. */
export function formulas(result: RunResult): readonly Formula[] {
  // Thinned to one bucket, a series is its sums, and rid of what is no number.
  const series = thin(result.series, 1);
  const total = (values: readonly number[]) => sum(values);
  const asked = sum(result.latencies.map(({ count }) => count));
  const spent = sum(
    result.latencies.map(({ count, meanMs }) => count * meanMs),
  );
  const completed = total(series.ok) + total(series.rejected);
  const hits = total(series.cacheHits);
  const lookups = hits + total(series.cacheMisses);
  return [
    {
      name: "Mean response time",
      formula: "Σ response times / n",
      numbers: `${figure(spent)} ms / ${whole(asked)}`,
      value: milliseconds(meanResponseTimeMs(spent, asked)),
    },
    {
      name: "Throughput",
      formula: "completed requests / time",
      numbers: `${whole(completed)} / ${duration(result.virtualMs)}`,
      value: `${
        figure(throughputPerSecond(completed, result.virtualMs))
      } per second`,
    },
    {
      name: "Hit ratio",
      formula: "hits / lookups",
      numbers: `${whole(hits)} / ${whole(lookups)}`,
      value: percent(hitRatio(hits, lookups)),
    },
    {
      name: "Miss ratio",
      formula: "100 % − hit ratio",
      numbers: `100 % − ${percent(hitRatio(hits, lookups))}`,
      value: percent(missRatio(hits, lookups)),
    },
    share(Object.values(series.handled).map(total)),
  ];
}

function share(handled: readonly number[]): Formula {
  const all = sum(handled);
  const mean = meanShare(all, handled.length);
  return {
    name: "Share per server",
    formula: "R / N",
    numbers: `${whole(all)} / ${whole(handled.length)}` +
      (mean > 0
        ? `; the busiest had ${(highest(handled) / mean).toFixed(2)} times that`
        : ""),
    value: `${whole(mean)} messages`,
  };
}

/** A card for each. */
export function formulaCards(result: RunResult): Markup {
  return html`<dl class="cards">${
    formulas(result).map(({ name, formula, numbers, value }) =>
      html`
        <div>
          <dt>${name}</dt>
          <dd class="value">${value}</dd>
          <dd>${formula}</dd>
          <dd class="faint">${numbers}</dd>
        </div>
      `
    )
  }</dl>`;
}
