/**
 * The head of the report: how it ended, in a word and a sign that do not need
 * color, the first thing that went wrong, and the command that shows it again.
 *
 * @module
 */
import type {
  CheckResult,
  RunResult,
  ThresholdResult,
  Verdict,
} from "../run_result.ts";
import type { Violation } from "../observation.ts";
import { count, duration, figure, quotient, whole } from "./figures.ts";
import { html, Markup } from "./markup.ts";

interface Ending {
  readonly word: string;
  readonly meaning: string;
  /** Strokes in a square of 24. */
  readonly sign: Markup;
}

const ENDINGS: Readonly<Record<Verdict, Ending>> = {
  passed: {
    word: "Passed",
    meaning: "Every check held and every threshold was met.",
    sign: new Markup(`<path d="M6 12.5l4 4 8-9"/>`),
  },
  liveness: {
    word: "Stuck",
    meaning: "Something that was pending never came to an end.",
    sign: new Markup(
      `<path d="M8 6h8M8 18h8M9 6c0 4 6 8 6 12M15 6c0 4-6 8-6 12"/>`,
    ),
  },
  invariant: {
    word: "Violated",
    meaning: "A checker saw something that must never happen.",
    sign: new Markup(`<path d="M7 7l10 10M17 7L7 17"/>`),
  },
  threshold: {
    word: "Missed",
    meaning: "A threshold was missed, or what had to happen never did.",
    sign: new Markup(`<path d="M6 16a6.5 6.5 0 1 1 12 0M12 14l4-4"/>`),
  },
};

/** `Passed`. */
export function word(verdict: Verdict): string {
  return ENDINGS[verdict].word;
}

/** The sign alone, to stand beside the word. */
export function sign(verdict: Verdict): Markup {
  return html`
    <svg class="sign ${verdict}" viewBox="0 0 24 24" width="24" height="24"
      aria-hidden="true"><circle cx="12" cy="12" r="12"/>${ENDINGS[verdict]
        .sign}</svg>
  `;
}

/** A sign for one line of a table, with its word for whoever hears it. */
export function tick(isOk: boolean): Markup {
  return html`
    <span
      class="state ${isOk ? "good" : "bad"}">${isOk
        ? "✓"
        : "✕"}<span class="said"> ${isOk ? "ok" : "not ok"}</span></span>
  `;
}

/** The worst of several, as their common verdict. */
export function worst(results: readonly RunResult[]): Verdict {
  const order: readonly Verdict[] = ["invariant", "liveness", "threshold"];
  return order.find((verdict) =>
    results.some((result) => result.verdict === verdict)
  ) ?? "passed";
}

/** The head of one run, and what became of the others of its scenario. */
export function hero(result: RunResult, runs: readonly RunResult[]): Markup {
  const { verdict, scenario, seed, teaches } = result;
  return html`<section class="hero ${verdict}">
<div class="outcome">${sign(verdict)}
<div><h1>${word(verdict)}</h1><p>${meaning(result)}${
    others(result, runs)
  }</p></div></div>
<p class="lead"><strong>${scenario}</strong>, seed ${
    String(seed)
  }. ${teaches}</p>
${wrong(result)}
${command(result.replay)}
<dl class="facts">${
    facts(result).map(([name, value]) =>
      html`
        <div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl></section>`;
}

function others({ seed }: RunResult, runs: readonly RunResult[]): string {
  if (runs.length < 2) return "";
  const passed = runs.filter(({ verdict }) => verdict === "passed").length;
  return (passed === runs.length
    ? ` All ${count(runs.length, "seed")} passed;`
    : ` ${whole(passed)} of ${count(runs.length, "seed")} passed;`) +
    ` here is seed ${seed}.`;
}

function meaning({ verdict, checks, thresholds }: RunResult): string {
  if (verdict !== "passed") return ENDINGS[verdict].meaning;
  const looks = checks.reduce((total, { checked }) => total + checked, 0);
  if (looks === 0) return ENDINGS.passed.meaning;
  const held = thresholds.filter(({ ok }) => ok).length;
  return `${count(checks.length, "check")} looked ${count(looks, "time")} ` +
    "and always held" +
    (held === 0 ? "." : `; ${count(held, "threshold")} ` +
      `${held === 1 ? "was" : "were"} met.`);
}

/** What broke first; null where nothing did. */
function wrong(result: RunResult): Markup | null {
  const violation = firstViolation(result.checks);
  const missed = result.thresholds.filter(({ ok }) => !ok);
  if (violation === null && missed.length === 0) return null;
  return html`<div class="wrong" role="note">${
    violation === null ? null : html`
      <p><strong>${violation.check}</strong> at ${duration(
        violation.atUs / 1_000,
      )}: ${violation.key}</p>
      <p>${violation.detail}</p>
    `
  }${
    missed.map((each) =>
      html`<p><strong>${each.metric}</strong> was to be ${each.bound}: it is ${
        valueOf(each)
      }</p>`
    )
  }</div>`;
}

/** The value in the unit of its bound, where that has one. */
export function valueOf({ bound, value }: ThresholdResult): string {
  const [, unit] = bound.match(/\d ?(ms|%)$/) ?? [];
  return unit === undefined ? figure(value) : `${figure(value)} ${unit}`;
}

/** The earliest violation that any checker saw. */
export function firstViolation(
  checks: readonly CheckResult[],
): Violation | null {
  return checks.flatMap(({ firstViolation }) => firstViolation ?? [])
    .toSorted((left, right) => left.atUs - right.atUs)[0] ?? null;
}

/** A command to copy: one press selects all of it. */
export function command(text: string): Markup {
  return html`
    <pre class="replay" tabindex="0"
      aria-label="The command that runs it again"><code>${text}</code></pre>
  `;
}

function facts(result: RunResult): readonly (readonly [string, string])[] {
  const { events, messages, virtualMs, wallMs, trace } = result;
  const speed = quotient(virtualMs, wallMs);
  return [
    ["Events", whole(events)],
    ["Messages", whole(messages)],
    ["Virtual time", duration(virtualMs)],
    ["Real time", duration(wallMs)],
    [
      "Faster than real time",
      Number.isFinite(speed)
        ? `${speed >= 10 ? whole(speed) : speed.toFixed(1)} ×`
        : "–",
    ],
    ["Faults", whole(result.faults.length)],
    ["Trace", trace],
  ];
}
