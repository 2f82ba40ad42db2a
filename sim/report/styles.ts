/**
 * The style sheet of the report: the colors of the shop's pages by day and by
 * night, and on paper always those of the day. Series differ by lightness too,
 * so that they can be told apart without their colors.
 *
 * @module
 */

/** Goes into a `<style>` as it is. */
export const STYLES = `
:root {
  color-scheme: light dark;
  --paper: #fbf6ee; --sheet: #ffffff; --sunken: #f3ebdf;
  --ink: #211a15; --faint: #6d6157; --rule: #e4d8c8; --edge: #938473;
  --accent: #c2380f;
  --good: #17633c; --good-soft: #dcf0e3;
  --warn: #8a4b00; --warn-soft: #ffe9c7;
  --bad: #9b1c31; --bad-soft: #fbdfe2;
  --ok: #4f9d75; --rejected: #e8b458; --failed: #b3243d;
  --median: #1f4e79; --tail: #7fa8cc; --depth: #8267a8;
  --hit: #3f8f9b; --miss: #d9c3a0; --limited: #d98042;
  --sold: #6b8ea3; --held: #e8b458; --available: #dfe9dd;
  --shade: rgb(155 28 49 / 9%);
  --lift: 0 1px 2px rgb(60 40 20 / 8%), 0 6px 20px rgb(60 40 20 / 7%);
  --face: "Avenir Next", Avenir, "Segoe UI", "Helvetica Neue", Inter,
    Cantarell, "DejaVu Sans", system-ui, sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
    monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14110f; --sheet: #1f1a17; --sunken: #2a231f;
    --ink: #f5ede4; --faint: #b3a597; --rule: #3a312b; --edge: #837468;
    --accent: #ff8457;
    --good: #86dcab; --good-soft: #173626;
    --warn: #ffc772; --warn-soft: #3c2a0d;
    --bad: #ff9aa8; --bad-soft: #431a22;
    --ok: #4d9770; --rejected: #c9933a; --failed: #f0677d;
    --median: #bcdcf7; --tail: #4a7196; --depth: #a58bcb;
    --hit: #4f9fab; --miss: #6f6048; --limited: #dd8a4c;
    --sold: #54798f; --held: #d9a243; --available: #2f4036;
    --shade: rgb(255 154 168 / 11%);
    --lift: 0 1px 2px rgb(0 0 0 / 40%), 0 6px 20px rgb(0 0 0 / 30%);
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { scroll-padding-top: 1.5rem; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem / 1.55 var(--face); -webkit-text-size-adjust: 100%;
}
.wrap {
  max-width: 72rem; margin-inline: auto;
  padding-inline: clamp(1rem, 4vw, 2rem);
}
header.wrap {
  display: flex; align-items: center; gap: 0.5rem; padding-block: 1rem 0.5rem;
  font-weight: 800; letter-spacing: -0.02em;
}
header .faint { font-weight: 400; letter-spacing: 0; }
.door-frame { fill: var(--ink); }
.door-leaf { fill: var(--accent); }
.door-knob { fill: var(--paper); }
main { padding-bottom: 4rem; }
main:focus, .failed-seed:focus { outline: none; }
article { display: grid; gap: 1.25rem; }
article > * { min-width: 0; }
article + article { margin-top: 3.5rem; }
h1 {
  margin: 0; font-size: clamp(2.1rem, 1.6rem + 2.2vw, 3.2rem);
  line-height: 1.05; letter-spacing: -0.03em;
}
h2 { margin: 0; font-size: 1.25rem; letter-spacing: -0.01em; }
p { margin: 0; }
ul, ol, dl, dd, figure { margin: 0; padding: 0; list-style: none; }
a { color: var(--accent); text-underline-offset: 0.2em; }
:focus-visible {
  outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px;
}
.faint { color: var(--faint); }
.skip {
  position: absolute; left: 1rem; top: -4rem; z-index: 3;
  padding: 0.5rem 1rem; background: var(--ink); color: var(--paper);
}
.skip:focus { top: 0.5rem; }

.hero, .sheet {
  padding: clamp(1rem, 0.5rem + 2vw, 1.75rem); background: var(--sheet);
  border: 1px solid var(--rule); border-radius: 0.875rem;
}
.hero { display: grid; gap: 1.25rem; box-shadow: var(--lift); }
.hero > * { min-width: 0; }
.outcome { display: flex; align-items: center; gap: 1.1rem; }
.outcome .sign { flex: none; width: 4.25rem; height: 4.25rem; }
.sign circle { fill: var(--soft); }
.sign path {
  fill: none; stroke: var(--tone); stroke-width: 2.2;
  stroke-linecap: round; stroke-linejoin: round;
}
.passed { --tone: var(--good); --soft: var(--good-soft); }
.liveness, .threshold { --tone: var(--warn); --soft: var(--warn-soft); }
.invariant { --tone: var(--bad); --soft: var(--bad-soft); }
.outcome h1 { color: var(--tone); }
.lead { max-width: 60ch; font-size: 1.1rem; text-wrap: pretty; }
.wrong {
  display: grid; gap: 0.25rem; padding: 0.9rem 1.1rem;
  border-radius: 0.6rem; background: var(--soft); color: var(--ink);
  overflow-wrap: anywhere;
}
.replay {
  margin: 0; padding: 0.85rem 1.1rem; border-radius: 0.6rem;
  background: var(--sunken); font: 0.95rem / 1.5 var(--mono);
  white-space: pre-wrap; overflow-wrap: anywhere; user-select: all;
}
.replay code { font: inherit; }
.replay code::before { content: "$ "; color: var(--faint); }
.facts { display: flex; flex-wrap: wrap; gap: 0.75rem 2.25rem; }
dt { color: var(--faint); font-size: 0.9rem; }
.facts dd {
  font-size: 1.15rem; font-weight: 700; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere;
}

.sheet > h2 + p { margin-top: 0.15rem; }
.sheet > :not(h2, h2 + p.faint) { margin-top: 1rem; }
.sheet > h2 + :not(p) { margin-top: 1rem; }

svg { display: block; }
.chart { overflow: visible; }
.chart text { fill: currentColor; color: var(--ink); font-size: 0.8rem; }
.chart .title { font-size: 0.9rem; font-weight: 700; }
.chart .note { font-weight: 400; color: var(--faint); fill: var(--faint); }
.chart .keys, .chart .tick { color: var(--faint); }
.chart .tick {
  font-size: 0.75rem; font-variant-numeric: tabular-nums;
  stroke: var(--sheet); stroke-width: 3px; stroke-linejoin: round;
  paint-order: stroke;
}
.chart .grid, .strip-plot .grid { stroke: var(--rule); }
.chart .ground, .chart .mark { stroke: var(--edge); }
.chart svg { overflow: hidden; }
.plot * { vector-effect: non-scaling-stroke; }
.area { fill: var(--tone); }
.line {
  fill: none; stroke: var(--tone); stroke-width: 1.75;
  stroke-linejoin: round; stroke-linecap: round;
}
.key { fill: var(--tone); }
.ok { --tone: var(--ok); }
.rejected { --tone: var(--rejected); }
.failed { --tone: var(--failed); }
.offered { --tone: var(--ink); }
.median { --tone: var(--median); }
.tail { --tone: var(--tail); }
.area.tail { fill-opacity: 0.45; }
.line.tail { stroke-width: 1; }
.depth { --tone: var(--depth); }
.area.depth { fill-opacity: 0.35; }
.hit { --tone: var(--hit); }
.miss { --tone: var(--miss); }
.limited { --tone: var(--limited); }
.sold { --tone: var(--sold); }
.held { --tone: var(--held); }
.available { --tone: var(--available); }
.total { --tone: var(--ink); }
.shade { fill: var(--shade); }
.strip { fill: var(--bad); }
.chart .strip-name { color: var(--bad); font-size: 0.75rem; font-weight: 600; }
.strip-name .wide { font-weight: 400; }
.broken::before {
  content: ""; display: inline-block; height: 1em; margin-right: 0.6rem;
  border-left: 2px dashed var(--bad); vertical-align: -0.15em;
}
.violation { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 5 3; }
.columns rect { fill: transparent; }
.columns text { visibility: hidden; text-anchor: end; }
.columns .moment { text-anchor: middle; }
.columns text {
  font-variant-numeric: tabular-nums; stroke: var(--sheet);
  stroke-width: 4px; paint-order: stroke;
}
.columns g:hover rect { fill: var(--ink); fill-opacity: 0.08; }
.columns g:hover text { visibility: visible; }
.faults { counter-reset: fault; display: flex; flex-wrap: wrap; gap: 0.3rem 1.5rem; }
.faults li { counter-increment: fault; }
.faults li::before {
  content: counter(fault); margin-right: 0.5rem; padding: 0.05rem 0.45rem;
  border-radius: 1rem; background: var(--bad-soft); color: var(--bad);
  font-size: 0.8rem; font-weight: 700;
}

.heat { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 0.75rem; }
.heat-names { max-width: 11rem; }
.heat-names span {
  display: block; height: 16px; overflow: hidden; color: var(--faint);
  font-size: 0.75rem; line-height: 16px; text-align: right;
  text-overflow: ellipsis; white-space: nowrap;
}
.cells { width: 100%; background: var(--sunken); border-radius: 4px; }
.cells path { shape-rendering: crispEdges; }
.heat-axis { grid-column: 2; position: relative; height: 1.4rem; }
.heat-axis span {
  position: absolute; transform: translateX(-50%); color: var(--faint);
  font-size: 0.75rem; white-space: nowrap; font-variant-numeric: tabular-nums;
}
.heat-axis span:first-child { transform: none; }
.heat-axis span[style="left:100%"] { transform: translateX(-100%); }
.scale { display: flex; align-items: center; gap: 0.6rem; font-size: 0.85rem; }
${shades()}

.legend { display: flex; gap: 1.25rem; color: var(--faint); font-size: 0.9rem; }
.legend li { display: flex; align-items: center; gap: 0.4rem; }
.swatch { width: 0.8rem; height: 0.8rem; border-radius: 3px; background: var(--tone); }
.multiples {
  display: grid; gap: 1.5rem 2rem;
  grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr));
}
figcaption { display: grid; margin-bottom: 0.35rem; font-size: 0.9rem; line-height: 1.4; }
figcaption strong { overflow-wrap: anywhere; }

.checks, .cards {
  display: grid; gap: 0.75rem;
  grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr));
}
.cards {
  grid-template-columns: repeat(auto-fill, minmax(min(12.25rem, 100%), 1fr));
}
.checks li, .cards > div {
  padding: 0.85rem 1rem; border: 1px solid var(--rule); border-radius: 0.6rem;
}
.checks li { display: grid; align-content: start; overflow-wrap: anywhere; }
.checks .bad { grid-column: 1 / -1; border-color: var(--bad); }
.value {
  font-size: 1.35rem; font-weight: 700; letter-spacing: -0.01em;
  font-variant-numeric: tabular-nums;
}
.cards dd { font-size: 0.9rem; }
.cards .value { font-size: 1.35rem; }
.state { font-size: 0.85rem; font-weight: 700; white-space: nowrap; }
.state.good { color: var(--good); }
.state.bad { color: var(--bad); }

.scroll { position: relative; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.95rem; }
th, td {
  padding: 0.5rem 0.9rem 0.5rem 0; border-bottom: 1px solid var(--rule);
  text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums;
}
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--faint); font-size: 0.85rem; font-weight: 600; }
tbody th { font-weight: 600; }
th[scope="row"], .word { text-align: left; }
tbody tr:last-child > * { border-bottom: 0; }
td code { font: 0.85rem var(--mono); }
.strip-plot rect { fill: var(--tone); }
.strip-plot circle { fill: var(--tone); stroke: var(--sheet); stroke-width: 1.5; }
details { border-top: 1px solid var(--rule); }
.sheet > details:last-child { margin-bottom: -0.75rem; }
details + details { margin-top: 0 !important; }
summary {
  display: flex; align-items: center; gap: 0.5rem; min-height: 2.75rem;
  color: var(--faint); font-size: 0.9rem; cursor: pointer;
}
summary::before { content: "▸"; }
details[open] > summary::before { content: "▾"; }
summary:hover { color: var(--ink); }

.seeds { width: 100%; }
.seed rect { fill: var(--tone); }
.seed.passed rect { fill: var(--ok); }
.seed path { fill: none; stroke: var(--sheet); stroke-width: 1.2; stroke-linecap: round; }
.failed-seed { display: grid; gap: 0.4rem; }
.contents { margin-bottom: 1.5rem; }
.contents p { margin-bottom: 0.75rem; font-size: 1.25rem; font-weight: 700; }
.contents ul {
  display: grid; gap: 0.6rem;
  grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr));
}
.contents a {
  display: grid; grid-template: "sign name rest" "sign word rest" / auto 1fr auto;
  align-items: center; column-gap: 0.75rem; padding: 0.7rem 0.9rem;
  border: 1px solid var(--rule); border-radius: 0.6rem;
  background: var(--sheet); color: var(--ink); text-decoration: none;
}
.contents .sign { grid-area: sign; width: 2rem; height: 2rem; }
.contents strong { overflow-wrap: anywhere; }
.contents .faint { grid-area: rest; }

@media (max-width: 46rem) {
  .wide, .columns, .heat-axis span:nth-child(even) { display: none; }
  .scroll .said { position: absolute; clip-path: inset(50%); }
  th, td { padding-right: 0.7rem; }
  .heat-names { max-width: 6rem; }
  .facts { gap: 0.6rem 1.5rem; }
}
@media print {
  :root { --paper: #ffffff; --lift: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10pt; }
  .skip, .columns { display: none; }
  figure, .hero, .checks li, .cards > div, .chart { break-inside: avoid; }
  h2 { break-after: avoid; }
  .scroll { overflow: visible; }
}
`;

/** From the color of an empty cell to the accent, in even steps. */
function shades(): string {
  return Array.from(
    { length: 8 },
    (_, index) =>
      `.shade-${index + 1} { fill: color-mix(in oklab, var(--accent) ${
        12 + index * 12.5
      }%, var(--sunken)); }`,
  ).join("\n");
}
