/**
 * A failure in a file, to be run again anywhere: the scenario itself, the
 * seed, and how it ended. Scenario, seed and build decide all that happens, so
 * this is enough; the decisions that the seed led to (the values it drew, the
 * faults as they struck) stand beside it, to show where another build parts.
 *
 * @module
 */
import { z } from "zod";
import { describeIssues } from "../cluster/config.ts";
import {
  type Excerpt,
  excerptOf,
  ExcerptRecorder,
  MAX_OBSERVATIONS,
} from "./excerpt.ts";
import { type Failure, failuresOf, isAlike } from "./failure.ts";
import type { Observation } from "./observation.ts";
import type { RunResult } from "./run_result.ts";
import {
  parseScenario,
  resolveScenario,
  type ScenarioFile,
} from "./scenario.ts";
import type { Scenario } from "./scenario_values.ts";
import { drawRanges, placeOf } from "./ranges.ts";

const text = () => z.string({ error: "a text" });
const whole = () => {
  const error = "an integer of at least 0";
  return z.int({ error }).min(0, { error });
};
const number = () => z.number({ error: "a number" });

const fault = z.strictObject({
  id: text(),
  what: text(),
  target: text(),
  fromMs: number(),
  toMs: number(),
}, { error: "a fault with id, what, target, fromMs and toMs" });

const reproShape = z.strictObject({
  schema: z.literal("doorbuster-repro/1", { error: '"doorbuster-repro/1"' }),
  scenario: z.record(z.string(), z.unknown(), { error: "a scenario" }),
  path: text().describe("The scenario's file, when it failed."),
  seed: whole(),
  build: z.strictObject({ version: text(), deno: text(), v8: text() }, {
    error: "an object with version, deno and v8",
  }),
  verdict: z.enum(["liveness", "invariant", "threshold"], {
    error: '"liveness", "invariant" or "threshold"',
  }),
  check: text(),
  key: text(),
  atUs: number(),
  detail: text(),
  events: whole(),
  trace: z.string({ error: "16 hexadecimal digits" })
    .regex(/^[0-9a-f]{16}$/, { error: "16 hexadecimal digits" }),
  decisions: z.strictObject({
    drawn: z.record(z.string(), z.union([z.string(), z.number()]), {
      error: "drawn values by their place",
    }),
    faults: z.array(fault, { error: "an array of faults" }),
  }, { error: "an object with drawn and faults" }),
  excerpt: z.strictObject({
    lines: z.array(text(), { error: "an array of lines" })
      .max(MAX_OBSERVATIONS, { error: `at most ${MAX_OBSERVATIONS} lines` }),
    diagram: text(),
  }, { error: "an object with lines and diagram" }),
  removed: z.array(text(), { error: "an array of lines" }).default([])
    .describe("What shrinking took away from the scenario of the path."),
}, {
  error: (issue) =>
    issue.code === "unrecognized_keys"
      ? "no key that a repro has not"
      : "an object as simulate writes it",
});

/** A repro file, read. */
export type Repro = Readonly<z.output<typeof reproShape>>;
/** What a trace depends on besides scenario and seed. */
export type Build = Readonly<Repro["build"]>;

/** A repro file that cannot be used: exit code 2; the message is one line. */
export class ReproError extends Error {
  override readonly name = "ReproError";
}

/**
 * Reads a repro file; its scenario is checked by `scenarioOf`.
 *
 * @param path The name by which errors call it.
 * @throws {ReproError}
 */
export function parseRepro(content: string, path: string): Repro {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    const found = (error as Error).message.replaceAll(/\s+/g, " ");
    throw new ReproError(`${path}: expected valid JSON, found ${found}`);
  }
  const parsed = reproShape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ReproError(`${path}: ${describeIssues(parsed.error, value)[0]}`);
}

/**
 * The scenario inside a repro.
 *
 * @throws {ScenarioError} When the repro at `path` was changed by hand.
 */
export function scenarioOf({ scenario }: Repro, path: string): ScenarioFile {
  return parseScenario(JSON.stringify(scenario), `${path}: scenario`);
}

/** Runs a scenario; each call makes a run of its own. */
export type Rerun = (
  scenario: Scenario,
  seed: number,
  recorder?: (observation: Observation) => void,
) => RunResult;

/** What makes a repro of a failed run. */
export interface FailedRun {
  readonly file: ScenarioFile;
  readonly result: RunResult;
  readonly failure: Failure;
  readonly build: Build;
}

/**
 * The repro of a failed run. Runs it once more, for the excerpt: only now is
 * known what to look for.
 *
 * @throws {Error} When that run goes another way: something in it depends on
 *   more than scenario and seed, and no repro would be worth anything.
 */
export function reproOf(failed: FailedRun, rerun: Rerun): Repro {
  const { file, result, failure, build } = failed;
  const { seed } = result;
  const scenario = resolveScenario(file, seed);
  const { result: again, excerpt } = record(scenario, seed, failure, rerun);
  if (again.trace !== result.trace || again.events !== result.events) {
    throw new Error(
      `Cannot save ${file.name} with seed ${seed} as a second run of it goes ` +
        `another way: trace ${result.trace} became ${again.trace}`,
    );
  }
  const { lines, diagram } = excerpt;
  return {
    schema: "doorbuster-repro/1",
    scenario: file.value as Record<string, unknown>,
    path: file.path,
    seed,
    build,
    ...failure,
    events: result.events,
    trace: result.trace,
    decisions: {
      drawn: drawnOf(file.value, seed),
      faults: [...result.faults],
    },
    excerpt: { lines: [...lines], diagram },
    removed: [],
  };
}

/** How a repro ran this time. */
export interface Replay {
  readonly result: RunResult;
  /** Like the repro's, else the gravest; null: it passed. */
  readonly failure: Failure | null;
  readonly excerpt: Excerpt;
  /** What is not as it was, a line each; nothing: the same failure. */
  readonly differences: readonly string[];
}

/** Runs a repro again and holds it against what it was. */
export function replay(repro: Repro, file: ScenarioFile, rerun: Rerun): Replay {
  const { seed } = repro;
  const scenario = resolveScenario(file, seed);
  const { result, excerpt } = record(scenario, seed, repro, rerun);
  const failures = failuresOf(result);
  const failure = failures.find((each) => isAlike(each, repro)) ??
    failures[0] ?? null;
  const differences = [
    ...compare(repro, result, failure),
    ...compareDecisions(repro, file, result),
  ];
  return { result, failure, excerpt, differences };
}

function record(
  scenario: Scenario,
  seed: number,
  { key, atUs }: Pick<Failure, "key" | "atUs">,
  rerun: Rerun,
): { result: RunResult; excerpt: Excerpt } {
  const recorder = new ExcerptRecorder(key, atUs);
  const result = rerun(scenario, seed, (seen) => recorder.observe(seen));
  return { result, excerpt: excerptOf(recorder.observations()) };
}

function compare(
  repro: Repro,
  { events, trace, verdict }: RunResult,
  failure: Failure | null,
): string[] {
  if (failure === null) {
    return [`verdict: ${repro.verdict} then, ${verdict} now`];
  }
  const now = { ...failure, events, trace };
  return (["verdict", "check", "key", "atUs", "events", "trace"] as const)
    .filter((name) => repro[name] !== now[name])
    .map((name) => `${name}: ${repro[name]} then, ${now[name]} now`);
}

/** Where two builds part, when they do. */
function compareDecisions(
  { decisions, seed }: Repro,
  { value }: ScenarioFile,
  { faults }: RunResult,
): string[] {
  const drawn = drawnOf(value, seed);
  const places = new Set([
    ...Object.keys(decisions.drawn),
    ...Object.keys(drawn),
  ]);
  const redrawn = [...places]
    .filter((place) => decisions.drawn[place] !== drawn[place])
    .map((place) =>
      `${place}: ${decisions.drawn[place]} then, ${drawn[place]} now`
    );
  const [before, now] = [decisions.faults, faults].map((spans) =>
    spans.map(({ id, target, fromMs }) => `${id} on ${target} at ${fromMs}ms`)
  ) as [string[], string[]];
  const length = Math.max(before.length, now.length);
  const first = Array.from({ length }, (_, index) => index)
    .find((index) => before[index] !== now[index]);
  if (first === undefined) return redrawn;
  const [then = "none", today = "none"] = [before[first], now[first]];
  return [...redrawn, `fault ${first + 1}: ${then} then, ${today} now`];
}

/** What the builds do not share, a line each. */
export function compareBuilds(then: Build, now: Build): string[] {
  return (["version", "deno", "v8"] as const)
    .filter((name) => then[name] !== now[name])
    .map((name) => `${name}: ${then[name]} then, ${now[name]} now`);
}

/** What a seed puts in the place of each range, by its place. */
function drawnOf(
  value: unknown,
  seed: number,
): Record<string, string | number> {
  const drawn: Record<string, string | number> = {};
  const visit = (before: unknown, after: unknown, path: readonly string[]) => {
    if (typeof before !== "object" || before === null) return;
    if (typeof after !== "object" || after === null) {
      drawn[placeOf(path)] = after as string | number;
      return;
    }
    for (const [key, each] of Object.entries(before)) {
      visit(each, (after as Record<string, unknown>)[key], [...path, key]);
    }
  };
  visit(value, drawRanges(value, { seed }).value, []);
  return drawn;
}
