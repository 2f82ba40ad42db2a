/**
 * Lanes one under the other on one time axis, with faults shaded through all
 * of them: what happened in one lane is seen against the others. Text is not
 * scaled with the drawing, so it reads the same on a phone and on paper.
 * Pointing at a moment shows its numbers; no script is needed for that.
 *
 * @module
 */
import type { FaultSpan } from "../run_result.ts";
import { clock, duration, whole } from "./figures.ts";
import { html, type Markup } from "./markup.ts";
import { timeTicks } from "./scales.ts";

/** The time axis, and what is marked on it. */
export interface Frame {
  readonly bucketMs: number;
  readonly points: number;
  readonly faults: readonly FaultSpan[];
  readonly violations: readonly {
    readonly check: string;
    readonly atMs: number;
  }[];
}

/** A plot with a name. Shapes are 1000 wide and 100 high. */
export interface Lane {
  readonly title: string;
  /** What stands beside the title, such as the unit. */
  readonly note?: string;
  readonly heightPx: number;
  readonly shapes: Markup;
  /** Lines with labels; `y` is 0 at the top, 100 at the bottom. */
  readonly ticks: readonly { readonly y: number; readonly label: string }[];
  readonly keys?: readonly Key[];
  /** What to show of each point when somebody points at it. */
  readonly readings: readonly string[];
}

/** What a color means. */
export interface Key {
  readonly name: string;
  readonly tone: string;
}

/** The end of the axis. */
export function endOf(frame: Frame): number {
  return Math.max(1, frame.points * frame.bucketMs);
}

/** A moment as a share of the width, in percent; inside of the axis. */
function share(ms: number, frame: Frame): number {
  return Math.min(100, Math.max(0, (100 * ms) / endOf(frame)));
}

const TITLE_PX = 20;
const KEYS_PX = 18;
/** Keeps the label of the highest line off the title. */
const TICK_PX = 8;
const GAP_PX = 18;
const AXIS_PX = 22;

interface Placed {
  readonly lane: Lane;
  readonly topPx: number;
  readonly plotPx: number;
}

/** The chart; `label` says to a screen reader what is seen. */
export function timeChart(
  frame: Frame,
  lanes: readonly Lane[],
  label: string,
): Markup {
  if (frame.points === 0) return html`<p class="faint">Nothing to draw.</p>`;
  const strips = faultStrips(frame);
  const { placed, bottomPx } = place(lanes, strips.heightPx);
  return html`
    <svg class="chart" role="img" aria-label="${label}" width="100%"
      height="${bottomPx + AXIS_PX}">
    ${shading(frame, strips.heightPx, bottomPx)}${strips.shapes}
    ${placed.map(drawn)}
    ${axis(frame, bottomPx)}
    ${violations(frame, strips.heightPx, bottomPx)}
    ${columns(frame, placed, bottomPx)}</svg>
  `;
}

function place(lanes: readonly Lane[], fromPx: number) {
  let y = fromPx;
  const placed = lanes.map((lane): Placed => {
    const keysPx = (lane.keys ?? []).length > 0 ? KEYS_PX : 0;
    const ticksPx = keysPx === 0 && lane.ticks.length > 0 ? TICK_PX : 0;
    const plotPx = y + TITLE_PX + keysPx + ticksPx;
    const topPx = y;
    y = plotPx + lane.heightPx + GAP_PX;
    return { lane, topPx, plotPx };
  });
  return { placed, bottomPx: y - GAP_PX + 4 };
}

function drawn({ lane, topPx, plotPx }: Placed): Markup {
  const { heightPx, keys = [], note } = lane;
  return html`
    <text class="title" y="${topPx + 14}">${lane.title}${note === undefined
      ? null
      : html`<tspan class="note" dx="8">${note}</tspan>`}</text>
    ${keys.length === 0
      ? null
      : html`<text class="keys" y="${topPx + 32}">${keys.map(legend)}</text>`}
    ${lane.ticks.map(({ y }) => tickLine(plotPx + (y / 100) * heightPx))}
    <line class="ground" x2="100%" y1="${plotPx + heightPx}" y2="${plotPx +
      heightPx}" />
    <svg class="plot" y="${plotPx}" width="100%" height="${heightPx}"
      viewBox="0 0 1000 100" preserveAspectRatio="none">${lane.shapes}</svg>
    ${lane.ticks.map(({ y, label }) =>
      html`<text class="tick" y="${
        plotPx + (y / 100) * heightPx - 3
      }">${label}</text>`
    )}
  `;
}

function legend({ name, tone }: Key, index: number): Markup {
  return html`
    <tspan class="key ${tone}" dx="${index === 0 ? 0 : 14}">■</tspan>
    <tspan dx="4">${name}</tspan>
  `;
}

function tickLine(y: number): Markup {
  return html`
    <line class="grid" x2="100%" y1="${y}" y2="${y}" />
  `;
}

/** The labels of the time axis, and its lines through all lanes. */
function axis(frame: Frame, y: number): Markup {
  const endMs = endOf(frame);
  return html`${
    timeTicks(endMs).map((tick) => {
      const x = share(tick, frame);
      const anchor = x < 3 ? "start" : x > 94 ? "end" : "middle";
      return html`
        <line class="mark" x1="${x}%" x2="${x}%" y1="${y - 4}"
          y2="${y}" />
        <text class="tick" x="${x}%" y="${y + 14}"
          text-anchor="${anchor}">${clock(tick, endMs)}</text>
      `;
    })
  }`;
}

/** More would cover the page in shade; the table of faults has all. */
const MAX_FAULTS = 40;
const MAX_STRIPS = 5;
const STRIP_PX = 18;
/** What a letter takes of a chart of usual width, in percent. */
const LETTER = 0.68;
/** What a reader needs to see that something struck, in percent. */
const LEAST = 0.3;

/** Faults that can be drawn, each with its number. */
export function numberedFaults(frame: Frame): readonly FaultSpan[] {
  return frame.faults.filter((fault) =>
    Number.isFinite(fault.fromMs) && fault.fromMs < endOf(frame)
  ).slice(0, MAX_FAULTS);
}

function extent(fault: FaultSpan, frame: Frame) {
  const x = Math.min(share(fault.fromMs, frame), 100 - LEAST);
  return { x, width: Math.max(LEAST, share(fault.toMs, frame) - x) };
}

function shading(frame: Frame, fromPx: number, toPx: number): Markup {
  return html`${
    numberedFaults(frame).map((fault) => {
      const { x, width } = extent(fault, frame);
      return html`
        <rect class="shade" x="${x}%" width="${width}%" y="${fromPx - 6}"
          height="${toPx - fromPx + 6}" />
      `;
    })
  }`;
}

/** Bars with names above the lanes, in as few rows as names leave room for. */
function faultStrips(frame: Frame): { shapes: Markup; heightPx: number } {
  const faults = numberedFaults(frame);
  const freeFrom: number[] = [];
  const shapes = faults.map((fault, index) => {
    const { x, width } = extent(fault, frame);
    const name = ` ${fault.what} ${fault.target}`;
    const isLate = x > 60;
    const letters = (name.length + 2) * LETTER;
    const [from, to] = isLate
      ? [Math.min(x, x + width - letters), x + width]
      : [x, x + Math.max(width, letters)];
    let row = freeFrom.findIndex((free) => free <= from);
    if (row < 0) row = Math.min(freeFrom.length, MAX_STRIPS - 1);
    freeFrom[row] = Math.max(freeFrom[row] ?? 0, to + 1);
    const y = row * STRIP_PX;
    return html`
      <rect class="strip" x="${x}%" width="${width}%" y="${y + 13}"
        height="4" rx="2" />
      <text class="strip-name" x="${isLate ? x + width : x}%" y="${y + 10}"
        text-anchor="${isLate ? "end" : "start"}">${String(
          index + 1,
        )}<tspan class="wide">${name}</tspan></text>
    `;
  });
  const rows = freeFrom.length;
  return {
    shapes: html`${shapes}`,
    heightPx: rows === 0 ? 0 : rows * STRIP_PX + 10,
  };
}

function violations(frame: Frame, fromPx: number, toPx: number): Markup {
  return html`${
    frame.violations.map(({ atMs }) => {
      const x = share(atMs, frame);
      return html`
        <line class="violation" x1="${x}%" x2="${x}%" y1="${fromPx - 6}"
          y2="${toPx}" />
      `;
    })
  }`;
}

/** A bar over each point; pointing at it shows its numbers in each lane. */
function columns(
  frame: Frame,
  placed: readonly Placed[],
  bottomPx: number,
): Markup {
  const width = 100 / frame.points;
  const endMs = endOf(frame);
  const column = (_: unknown, index: number) => {
    const from = index * frame.bucketMs;
    const x = share(from + frame.bucketMs / 2, frame);
    return html`
      <g>
        <rect x="${index * width}%" width="${width}%" height="${bottomPx}" />
        <text
          y="0"><tspan class="moment" x="${Math.min(
            97,
            Math.max(3, x),
          )}%" y="${bottomPx + 14}">${clock(from, endMs)}</tspan>${placed.map((
            { lane, topPx },
          ) =>
            html`<tspan x="100%" y="${topPx + 14}">${
              lane.readings[index] ?? ""
            }</tspan>`
          )}</text>
      </g>
    `;
  };
  return html`<g class="columns" aria-hidden="true">${
    Array.from({ length: frame.points }, column)
  }</g>`;
}

/** What is marked, in words: small screens have no room for names. */
export function marks(frame: Frame): Markup {
  const faults = numberedFaults(frame);
  const more = frame.faults.length - faults.length;
  const broken = frame.violations.map(({ check, atMs }) =>
    html`
      <p
        class="broken"><strong>${check}</strong> violated <span class="faint">${duration(
          atMs,
        )}</span></p>
    `
  );
  if (faults.length === 0) return html`${broken}`;
  return html`${broken}<ol class="faults" aria-label="Faults">${
    faults.map((fault) =>
      html`<li><strong>${fault.what}</strong> ${fault.target} <span class="faint">${
        spanText(fault)
      }</span></li>`
    )
  }</ol>${
    more > 0 ? html`<p class="faint">and ${whole(more)} more</p>` : null
  }`;
}

/** `5 s – 7 s`, or the moment alone. */
function spanText({ fromMs, toMs }: FaultSpan): string {
  return toMs > fromMs
    ? `${duration(fromMs)} – ${duration(toMs)}`
    : duration(fromMs);
}
