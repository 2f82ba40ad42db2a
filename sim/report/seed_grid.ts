/**
 * All runs of a scenario at a glance: a square for each seed. Squares of runs
 * that did not pass carry a cross and lead to the command that shows it again.
 *
 * @module
 */
import type { RunResult } from "../run_result.ts";
import { duration, whole } from "./figures.ts";
import { html, type Markup } from "./markup.ts";
import { twin } from "./tables.ts";
import { command, word } from "./verdict.ts";

/** Squares in a row: the 20 × 10 of 200 seeds. */
const MAX_COLUMNS = 20;
/** As many as somebody looks into before mending the first. */
const MAX_COMMANDS = 10;
/** Rows after which the table alone would be a tenth of the page's limit. */
const MAX_ROWS = 1_000;

/** The grid with its table. `id` keeps the links of several grids apart. */
export function seedGrid(results: readonly RunResult[], id: string): Markup {
  const failed = results.filter(({ verdict }) => verdict !== "passed");
  const listed = failed.slice(0, MAX_COMMANDS);
  const shown = results.slice(0, MAX_ROWS);
  const columns = Math.min(MAX_COLUMNS, shown.length);
  const rows = Math.ceil(shown.length / columns);
  const anchor = (result: RunResult) => `${id}-seed-${listed.indexOf(result)}`;
  return html`
    <svg class="seeds" role="group" aria-label="A square for each seed"
      viewBox="0 0 ${columns * 10} ${rows * 10}"
      style="max-width:${columns * 1.75}rem">${shown.map((result, index) => {
        const [x, y] = [
          (index % columns) * 10,
          Math.floor(index / columns) * 10,
        ];
        const square = cell(result, x, y);
        return listed.includes(result)
          ? html`
            <a href="#${anchor(result)}"
              aria-label="Seed ${String(result.seed)}: ${word(
                result.verdict,
              )}">${square}</a>
          `
          : square;
      })}</svg>
    ${listed.map((result) =>
      html`
        <div class="failed-seed" id="${anchor(result)}"
          tabindex="-1"><p><strong>Seed ${String(result.seed)}</strong>: ${word(
            result.verdict,
          )}</p>${command(result.replay)}</div>
      `
    )}
    ${numbers(shown, results.length)}
  `;
}

function cell(result: RunResult, x: number, y: number): Markup {
  const { verdict, seed } = result;
  return html`
    <g
      class="seed ${verdict}"><title>Seed ${String(seed)}: ${word(
        verdict,
      )}</title><rect x="${x + 0.8}" y="${y +
        0.8}" width="8.4" height="8.4" rx="1.8"/>${verdict === "passed"
        ? null
        : html`
          <path d="M${x + 3.5} ${y + 3.5}l3 3m0-3l-3 3" />
        `}</g>
  `;
}

function numbers(results: readonly RunResult[], all: number): Markup {
  const more = all - results.length;
  return twin({
    caption: more > 0
      ? `The first ${whole(results.length)} of ${whole(all)} seeds`
      : "The seeds",
    headings: ["Seed", "verdict", "trace", "events", "virtual", "real"],
    words: [1, 2],
    rows: results.map((result) => [
      String(result.seed),
      word(result.verdict),
      html`<code>${result.trace}</code>`,
      whole(result.events),
      duration(result.virtualMs),
      duration(result.wallMs),
    ]),
  });
}
