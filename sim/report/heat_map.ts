/**
 * Who was busy when: a row for each shard, a column for each span of time, the
 * darker the more messages it handled. A dead shard is a gap, a hot one a dark
 * row. Shards beyond what a screen shows are one row, by their mean.
 *
 * @module
 */
import { clock, highest, sum, whole } from "./figures.ts";
import { html, Markup } from "./markup.ts";
import { add, merged } from "./thinning.ts";
import { endOf, type Frame } from "./time_chart.ts";
import { timeTicks } from "./scales.ts";
import { twin } from "./tables.ts";

/** Rows that a screen shows at 16 pixels each. */
const MAX_ROWS = 32;
const MAX_COLUMNS = 120;
/** Shades that people tell apart; 0 is empty. */
const SHADES = 8;
const TABLE_COLUMNS = 10;

interface Row {
  readonly name: string;
  readonly values: readonly number[];
}

/** The map with its table; null where no shard is known. */
export function heatMap(
  handled: Readonly<Record<string, readonly number[]>>,
  frame: Frame,
): Markup | null {
  const group = Math.max(1, Math.ceil(frame.points / MAX_COLUMNS));
  const thinned = shownRows(handled).map(({ name, values }) => ({
    name,
    values: merged(values, { length: frame.points, group, merge: add }),
  }));
  if (thinned.length === 0 || frame.points === 0) return null;
  const columns = Math.ceil(frame.points / group);
  const most = highest(thinned.map(({ values }) => highest(values)));
  const perSecond = (most * 1_000) / (frame.bucketMs * group);
  const endMs = columns * group * frame.bucketMs;
  return html`
    <div class="heat">
      <div class="heat-names" aria-hidden="true">${thinned.map(({ name }) =>
        html`<span>${name}</span>`
      )}</div>
      <svg class="cells" role="img"
        aria-label="Messages handled by ${whole(
          thinned.length,
        )} shards over time"
        viewBox="0 0 ${columns} ${thinned.length}" preserveAspectRatio="none"
        height="${thinned.length * 16}">${shades(thinned, most)}</svg>
      <div class="heat-axis" aria-hidden="true">${timeTicks(endMs).map((tick) =>
        html`<span style="left:${(100 * tick) / endMs}%">${
          clock(tick, endMs)
        }</span>`
      )}</div>
    </div>
    <p
      class="scale faint"><span>0</span><svg width="128" height="12" viewBox="0 0 ${SHADES} 1" preserveAspectRatio="none" aria-hidden="true">${Array
        .from({ length: SHADES }, (_, index) =>
          html`
            <rect class="shade-${String(
              index + 1,
            )}" x="${index}" width="1" height="1" />
          `)}</svg><span>${whole(
          perSecond,
        )} messages per second</span></p>
    ${numbers(thinned, frame)}
  `;
}

/** By address, numbers in their order; the least busy ones as one row. */
function shownRows(
  handled: Readonly<Record<string, readonly number[]>>,
): readonly Row[] {
  const rows = Object.entries(handled)
    .map(([name, values]) => ({ name, values, total: sum(values) }));
  const byName = (left: Row, right: Row) => order(left.name, right.name);
  if (rows.length <= MAX_ROWS) return rows.toSorted(byName);
  const busiest = rows.toSorted((left, right) => right.total - left.total);
  const rest = busiest.slice(MAX_ROWS - 1);
  const mean = rest[0]?.values.map((_, at) =>
    sum(rest.map(({ values }) => values[at] ?? 0)) / rest.length
  );
  return [
    ...busiest.slice(0, MAX_ROWS - 1).toSorted(byName),
    { name: `mean of ${whole(rest.length)} others`, values: mean ?? [] },
  ];
}

/** `inventory[2]` before `inventory[10]`; does not ask the locale. */
function order(left: string, right: string): number {
  const key = (name: string) =>
    name.replace(/\d+/g, (digits) => digits.padStart(12, "0"));
  const [first, second] = [key(left), key(right)];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** One path for each shade: neighbors of the same shade are one bar. */
function shades(rows: readonly Row[], most: number): Markup {
  const paths = new Map<number, string>();
  rows.forEach(({ values }, row) => {
    for (let from = 0; from < values.length;) {
      const shade = shadeOf(values[from] ?? 0, most);
      let to = from + 1;
      while (to < values.length && shadeOf(values[to] ?? 0, most) === shade) {
        to++;
      }
      const bar = `M${from} ${row}h${to - from}v1h${from - to}z`;
      if (shade > 0) paths.set(shade, (paths.get(shade) ?? "") + bar);
      from = to;
    }
  });
  return html`${
    [...paths].map(([shade, path]) =>
      html`
        <path class="shade-${String(shade)}" d="${new Markup(path)}" />
      `
    )
  }`;
}

function shadeOf(value: number, most: number): number {
  if (value <= 0 || most <= 0) return 0;
  // By the root, else one hot shard would make all others look the same.
  return Math.max(1, Math.ceil(Math.sqrt(value / most) * SHADES));
}

function numbers(rows: readonly Row[], frame: Frame): Markup {
  const endMs = endOf(frame);
  const columns = rows[0]?.values.length ?? 0;
  const group = Math.max(1, Math.ceil(columns / TABLE_COLUMNS));
  const slots = Math.ceil(columns / group);
  const headings = Array.from(
    { length: slots },
    (_, index) => `from ${clock((endMs * index * group) / columns, endMs)}`,
  );
  return twin({
    caption: "Messages handled, by shard",
    headings: ["Shard", ...headings, "all"],
    rows: rows.map(({ name, values }) => [
      name,
      ...merged(values, { length: columns, group, merge: add }).map(whole),
      whole(sum(values)),
    ]),
  });
}
