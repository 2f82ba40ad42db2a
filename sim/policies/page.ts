/**
 * The comparison as a page: each table with a drawing in every row, all rows of
 * a table on one axis.
 *
 * @module
 */
import { EVICTION_NAMES } from "../../actors/cache/bounded_map.ts";
import type { EvictionName } from "../../actors/cache/bounded_map.ts";
import { strip, STRIP_WIDTH } from "../report/latencies.ts";
import { html, type Markup } from "../report/markup.ts";
import { page } from "../report/page.ts";
import { tenfold } from "../report/scales.ts";
import { table } from "../report/tables.ts";
import type { CacheHits } from "./cache_hits.ts";
import type { Comparison } from "./comparison.ts";
import { DOORMEN, type Goodput } from "./overload.ts";
import { goodputsOf, type Sheet, sheetsOf, type SheetTable } from "./sheets.ts";

/** The accent of the shop by day. */
const ICON_COLOR = "c2380f";

/** The whole document. */
export function comparisonHtml(comparison: Comparison): string {
  const drawings = drawingsOf(comparison);
  const legends = [LOAD_LEGEND, TIME_LEGEND, policyLegend()];
  const content = html`
    <article>
      <section class="hero">
        <h1>Policies compared</h1>
        <p
          class="lead">Every policy that a shop can choose from, each kind on the same input, in virtual time: the figures are the same on every run and every machine.</p>
        <pre class="replay"><code>deno task policies</code></pre>
      </section>
      ${sheetsOf(comparison).map((sheet, index) =>
        section(sheet, drawings[index] ?? [], legends[index] ?? html``)
      )}
    </article>
  `;
  return page({
    title: "Policies compared",
    kind: "policy report",
    iconColor: ICON_COLOR,
    content,
  }).text;
}

/** Drawings of each sheet, of each table, of each row. */
type Drawings = readonly (readonly (readonly Markup[])[])[];

/** In the order of `sheetsOf`. */
function drawingsOf({ limiters, balancers, caches }: Comparison): Drawings {
  return [
    limiters.map((each) =>
      DOORMEN.map((doorman) => bars(goodputsOf(each, doorman)))
    ),
    balancers.map(({ policies }) => {
      const axis = tenfold(
        policies.flatMap(({ p50Ms, p999Ms }) => [p50Ms, p999Ms]),
      );
      return policies.map((each) => strip(each, axis));
    }),
    [caches.map(dots)],
  ];
}

function section(
  { title, lead, tables }: Sheet,
  drawings: Drawings[number],
  legend: Markup,
): Markup {
  return html`
    <section class="sheet">
      <h2>${title}</h2>
      <p class="faint">${lead}</p>
      ${legend}
      ${tables.map((each, index) => drawn(each, drawings[index] ?? []))}
    </section>
  `;
}

/** The table, with the drawings as its second column. */
function drawn(
  { caption, headings, rows }: SheetTable,
  drawings: readonly Markup[],
): Markup {
  const [first = "", ...rest] = headings;
  return html`
    <figure>
      <figcaption><strong>${caption}</strong></figcaption>
      ${table({
        caption,
        headings: [first, "", ...rest],
        words: [1],
        rows: rows.map(([name = "", ...cells], index) => [
          name,
          drawings[index] ?? null,
          ...cells,
        ]),
      })}
    </figure>
  `;
}

const LOAD_LEGEND = html`
  <ul class="legend" aria-hidden="true">
    <li><i class="swatch ok"></i>answered in time</li>
    <li><i class="swatch available"></i>the most that can be</li>
  </ul>
`;

const TIME_LEGEND = html`
  <ul class="legend" aria-hidden="true">
    <li><i class="swatch median"></i>p50, then p90 to p99.9 on a scale of tenfold steps, of each table</li>
  </ul>
`;

const BAR_WIDTH = 22;
const BAR_GAP = 6;
const BAR_HEIGHT = 28;

/** A bar for each load, before what could be answered at most. */
function bars(goodputs: readonly Goodput[]): Markup {
  const bar = (index: number, share: number, tone: string) => {
    const height = Math.min(1, share) * BAR_HEIGHT;
    return html`
      <rect class="${tone}" x="${index * (BAR_WIDTH + BAR_GAP)}"
        y="${BAR_HEIGHT - height}" width="${BAR_WIDTH}" height="${height}" />
    `;
  };
  return html`
    <svg class="strip-plot" width="${goodputs.length * (BAR_WIDTH + BAR_GAP)}"
      height="${BAR_HEIGHT}" aria-hidden="true">${goodputs.map((each, index) =>
        html`${bar(index, each.load, "available")}${
          bar(
            index,
            each.goodput,
            "ok",
          )
        }`
      )}</svg>
  `;
}

/** Lightness differs as well as color. */
const TONES: Readonly<Record<EvictionName, string>> = {
  lru: "median",
  lfu: "depth",
  fifo: "rejected",
  sieve: "ok",
};

function policyLegend(): Markup {
  return html`
    <ul class="legend" aria-hidden="true">${EVICTION_NAMES.map((policy) =>
      html`<li><i class="swatch ${TONES[policy]}"></i>${policy}</li>`
    )}<li>from 0 to 100 %</li></ul>
  `;
}

/** A dot for each policy, from 0 at the left to 1 at the right. */
function dots({ hitRatios }: CacheHits): Markup {
  const radius = 5;
  const x = (ratio: number) => radius + ratio * (STRIP_WIDTH - 2 * radius);
  return html`
    <svg class="strip-plot" width="${STRIP_WIDTH}" height="24"
      aria-hidden="true"><line class="grid" x1="${x(0)}" x2="${x(1)}" y1="12"
        y2="12" />${EVICTION_NAMES.map((policy) =>
          html`
            <circle class="${TONES[policy]}" cx="${x(
              hitRatios[policy],
            )}" cy="12"
              r="${radius}" />
          `
        )}</svg>
  `;
}
