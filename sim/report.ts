/**
 * The report of a run, or of many, as one HTML file: it loads nothing from
 * anywhere, runs no script, follows the reader's light or dark, prints, and
 * works by keyboard. It shows the worst run of each scenario, and all seeds in
 * a grid. It draws what `RunResult` holds and judges nothing itself.
 *
 * @module
 */
import { details } from "./report/details.ts";
import { count, whole } from "./report/figures.ts";
import { html, type Markup } from "./report/markup.ts";
import { page } from "./report/page.ts";
import { seedGrid } from "./report/seed_grid.ts";
import { hero, sign, word, worst } from "./report/verdict.ts";
import type { RunResult, Verdict } from "./run_result.ts";

/**
 * A file of 2 MB goes through a mail gateway and opens at once on a phone. The
 * frame of the page and the list of scenarios take less than the rest.
 */
const MAX_CONTENT_BYTES = 1_800_000;

/**
 * The page. Results of one scenario stand together; where there are several,
 * the worst is drawn. Where 2 MB have no room for all charts, the later
 * scenarios keep their verdict, and the page says so.
 */
export function reportHtml(results: readonly RunResult[]): string {
  const scenarios = Map.groupBy(results, ({ scenario }) => scenario);
  const list = scenarios.size > 1 ? contents(scenarios) : html``;
  const articles = fitting(
    [...scenarios.values()].map((runs, index) =>
      forms(runs, `scenario-${index + 1}`)
    ),
    MAX_CONTENT_BYTES - byteLength(list),
  );
  const content = results.length === 0
    ? html`<p>No run has left a result.</p>`
    : html`${list}${articles}`;
  return page({
    title: titleOf(results),
    kind: "simulation report",
    iconColor: ICON_COLORS[worst(results)],
    content,
  }).text;
}

/** A form of an article, drawn when it is asked for. */
type Form = () => Markup;

/** The fullest form of each article that leaves room for all the others. */
function fitting(
  articles: readonly (readonly Form[])[],
  maxBytes: number,
): readonly Markup[] {
  const shortest = articles.map((all) => all.at(-1)?.() ?? html``);
  let leftBytes = shortest.reduce(
    (left, form) => left - byteLength(form),
    maxBytes,
  );
  return articles.map((all, index) => {
    const last = shortest[index] ?? html``;
    for (const form of all.slice(0, -1)) {
      const drawn = form();
      const moreBytes = byteLength(drawn) - byteLength(last);
      if (moreBytes > leftBytes) continue;
      leftBytes -= moreBytes;
      return drawn;
    }
    return last;
  });
}

/** The article on a scenario, from its fullest form to the shortest. */
function forms(
  runs: readonly RunResult[],
  id: string,
): readonly Form[] {
  const shown = mostTelling(runs);
  const article = (...parts: readonly (Markup | null)[]) =>
    html`<article id="${id}">${parts}</article>`;
  const head = hero(shown, runs);
  const note = html`<p class="faint">Charts are left out of this file, which
would be too big with them. The command above with --report draws them.</p>`;
  return [
    () =>
      article(head, runs.length > 1 ? grid(runs, id) : null, details(shown)),
    () => article(head, details(shown)),
    () => article(head, note),
  ];
}

function byteLength({ text }: Markup): number {
  return new TextEncoder().encode(text).length;
}

/** The run to look at first: the earliest of the worst. */
function mostTelling(runs: readonly RunResult[]): RunResult {
  const verdict = worst(runs);
  const found = runs.find((run) => run.verdict === verdict);
  if (found === undefined) throw new RangeError("Cannot show a run of none");
  return found;
}

function grid(runs: readonly RunResult[], id: string): Markup {
  return html`<section class="sheet"><h2>${count(runs.length, "seed")}</h2>${
    seedGrid(runs, id)
  }</section>`;
}

function contents(scenarios: ReadonlyMap<string, RunResult[]>): Markup {
  const passed = [...scenarios.values()]
    .filter((runs) => worst(runs) === "passed").length;
  const entry = ([name, runs]: [string, RunResult[]], index: number) => {
    const good = runs.filter(({ verdict }) => verdict === "passed").length;
    return html`<li><a href="#scenario-${String(index + 1)}">${
      sign(worst(runs))
    }<strong>${name}</strong><span>${
      word(worst(runs))
    }</span><span class="faint">${whole(good)} of ${
      whole(runs.length)
    }</span></a></li>`;
  };
  return html`
    <nav class="contents" aria-label="Scenarios">
      <p>${whole(passed)} of ${count(scenarios.size, "scenario")} passed.</p>
      <ul>${[...scenarios].map(entry)}</ul>
    </nav>
  `;
}

function titleOf(results: readonly RunResult[]): string {
  const [first] = results;
  if (first === undefined) return "No result";
  const verdict = word(worst(results));
  const names = new Set(results.map(({ scenario }) => scenario));
  return names.size === 1
    ? `${verdict}: ${first.scenario}`
    : `${verdict}: ${count(names.size, "scenario")}`;
}

const ICON_COLORS: Readonly<Record<Verdict, string>> = {
  passed: "17633c",
  liveness: "8a4b00",
  invariant: "9b1c31",
  threshold: "8a4b00",
};
