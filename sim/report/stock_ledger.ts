/**
 * The stock of the hot products as stacks: sold, held for somebody, available.
 * Together they are as high as what there was, so that a flat top says that
 * nothing was lost and nothing sold twice. A small chart for each.
 *
 * @module
 */
import type { FaultSpan, Series } from "../run_result.ts";
import { clock, highest, whole } from "./figures.ts";
import { html, type Markup } from "./markup.ts";
import { bandPath, linePath, stacked } from "./paths.ts";
import { linear } from "./scales.ts";
import { twin } from "./tables.ts";
import { endOf, type Frame, numberedFaults } from "./time_chart.ts";

/** Small charts that one screen shows; the table has all. */
const MAX_CHARTS = 9;

type Ledger = Series["stock"][string];

/** The charts with their table; null where no product was watched. */
export function stockLedger(
  stock: Series["stock"],
  frame: Frame,
): Markup | null {
  const ledgers = Object.entries(stock);
  if (ledgers.length === 0 || frame.points === 0) return null;
  return html`
    <ul class="legend" aria-hidden="true">
      <li><i class="swatch sold"></i>sold</li>
      <li><i class="swatch held"></i>held</li>
      <li><i class="swatch available"></i>available</li>
    </ul>
    <div class="multiples">${ledgers.slice(0, MAX_CHARTS).map(([sku, ledger]) =>
      small(sku, ledger, frame)
    )}</div>
    ${numbers(ledgers)}
  `;
}

function small(sku: string, ledger: Ledger, frame: Frame): Markup {
  const layers = stacked([ledger.sold, ledger.held, ledger.available]);
  const [sold = [], held = [], all = []] = layers;
  const { scale } = linear(highest(all));
  const ground = sold.map(() => 0);
  const endMs = endOf(frame);
  return html`
    <figure>
      <figcaption><strong>${sku}</strong> <span class="faint">${summary(
        ledger,
        frame,
      )}</span></figcaption>
      <svg class="chart" role="img" aria-label="Stock of ${sku}: ${summary(
        ledger,
        frame,
      )}"
        width="100%" height="130">
        <svg class="plot" width="100%" height="112" viewBox="0 0 1000 100"
          preserveAspectRatio="none">
    <path class="area sold" d="${bandPath(ground, sold, scale)}"/>
    <path class="area held" d="${bandPath(sold, held, scale)}"/>
    <path class="area available" d="${bandPath(held, all, scale)}"/>
    ${shades(numberedFaults(frame), endMs)}
    <path class="line total" d="${linePath(all, scale)}"/></svg>
        <line class="ground" x2="100%" y1="112" y2="112" />
        <text class="tick" y="126">${clock(0, endMs)}</text>
        <text class="tick" x="100%" y="126" text-anchor="end">${clock(
          endMs,
          endMs,
        )}</text>
      </svg>
    </figure>
  `;
}

function shades(faults: readonly FaultSpan[], endMs: number): Markup {
  return html`${
    faults.map(({ fromMs, toMs }) =>
      html`
        <rect class="shade" x="${(1_000 * fromMs) / endMs}" width="${Math.max(
          3,
          (1_000 * (Math.min(toMs, endMs) - fromMs)) / endMs,
        )}" height="100" />
      `
    )
  }`;
}

/** `1,000 sold out at 12.4 s`, or how much was sold at the end. */
function summary(ledger: Ledger, frame: Frame): string {
  const had = (ledger.available[0] ?? 0) + (ledger.held[0] ?? 0) +
    (ledger.sold[0] ?? 0);
  const gone = ledger.available.indexOf(0);
  const sold = ledger.sold.at(-1) ?? 0;
  const totals = ledger.sold.map((units, at) =>
    units + (ledger.held[at] ?? 0) + (ledger.available[at] ?? 0)
  );
  const [least, most] = [Math.min(...totals), Math.max(...totals)];
  const end = `${whole(sold)} of ${whole(had)} sold` +
    // Restocked, or lost: either way the reader has to know.
    (least === most ? "" : `, together ${whole(least)} to ${whole(most)}`);
  if (gone <= 0 || (ledger.available[0] ?? 0) === 0) return end;
  return `${end}, none left at ${
    clock((gone + 1) * frame.bucketMs, endOf(frame))
  }`;
}

function numbers(ledgers: readonly (readonly [string, Ledger])[]): Markup {
  const total = ({ available, held, sold }: Ledger, at: number) =>
    (available.at(at) ?? 0) + (held.at(at) ?? 0) + (sold.at(at) ?? 0);
  return twin({
    caption: "Stock at the end",
    headings: ["SKU", "at first", "available", "held", "sold", "together"],
    rows: ledgers.map(([sku, ledger]) => [
      sku,
      whole(total(ledger, 0)),
      whole(ledger.available.at(-1) ?? 0),
      whole(ledger.held.at(-1) ?? 0),
      whole(ledger.sold.at(-1) ?? 0),
      whole(total(ledger, -1)),
    ]),
  });
}
