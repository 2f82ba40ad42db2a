/**
 * `deno task simulate SCENARIO`: runs a scenario file in virtual time, with one
 * seed or many, and says how it went. The exit code is the verdict's: 0 passed,
 * 97 liveness, 98 an invariant, 99 a threshold, 2 bad usage, 1 a bug.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { CatalogError, parseCatalog } from "../cluster/catalog_file.ts";
import { failuresOf } from "./failure.ts";
import type { SimulatedProduct } from "./models.ts";
import { reportHtml } from "./report.ts";
import { type Build, type Repro, reproOf, type Rerun } from "./repro.ts";
import { runScenario } from "./run.ts";
import type { RunResult, Verdict } from "./run_result.ts";
import type { Traced } from "./thread.ts";
import { Trace } from "./trace_events.ts";
import {
  parseScenario,
  resolveScenario,
  ScenarioError,
  type ScenarioFile,
} from "./scenario.ts";

const HELP =
  `Usage: deno task simulate SCENARIO [--seed N | --seeds A..B] [--json FILE]
       [--report FILE.html] [--trace FILE.json]

Runs a scenario file in virtual time. The same build, scenario and seed give the
same trace on every run and machine. A seed that fails leaves a file with which
deno task replay fails again: beside --json FILE, else in data/repros.

--seed N       one seed; 1 unless told
--seeds A..B   these seeds, one after the other
--json FILE    writes the result; an array of them with --seeds
--report FILE  writes a page with pictures, for a browser
--trace FILE   writes what each actor did when, for ui.perfetto.dev
--help         this text

Exit code: 0 passed, 1 the program broke, 2 bad usage or file, 97 liveness,
98 an invariant, 99 a threshold.`;

/** What a process ends with, by how its run ended. */
export const EXIT_CODES: Readonly<Record<Verdict, number>> = {
  passed: 0,
  liveness: 97,
  invariant: 98,
  threshold: 99,
};

/** A mistake in how the command was called; the message is one line. */
export class UsageError extends Error {}

interface Usage {
  readonly file: string;
  readonly seeds: readonly number[];
  readonly isMany: boolean;
  readonly jsonFile: string | null;
  readonly reportFile: string | null;
  readonly traceFile: string | null;
}

/** More seeds take longer than anybody waits. */
const SEEDS_MAX = 100_000;

function readUsage(args: string[]): Usage | null {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        seed: { type: "string" },
        seeds: { type: "string" },
        json: { type: "string" },
        report: { type: "string" },
        trace: { type: "string" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split("\n")[0]!);
  }
  const { values, positionals } = parsed;
  if (values.help) return null;
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new UsageError(
      `Expected one SCENARIO file, found ${positionals.length} (see --help)`,
    );
  }
  if (values.trace !== undefined && values.seeds !== undefined) {
    throw new UsageError("Expected --trace with one seed, found --seeds");
  }
  return {
    file,
    seeds: seedsOf(values.seed, values.seeds),
    isMany: values.seeds !== undefined,
    jsonFile: values.json ?? null,
    reportFile: values.report ?? null,
    traceFile: values.trace ?? null,
  };
}

function seedsOf(seed?: string, range?: string): number[] {
  if (seed !== undefined && range !== undefined) {
    throw new UsageError("Expected --seed or --seeds, found both");
  }
  if (range === undefined) return [integer("--seed", seed ?? "1")];
  const [from = "", to = "", ...rest] = range.split("..");
  const first = integer("--seeds", from);
  const last = integer("--seeds", to);
  if (rest.length > 0 || last < first || last - first >= SEEDS_MAX) {
    throw new UsageError(
      `--seeds: expected A..B with A <= B, at most ${SEEDS_MAX} of them, ` +
        `found ${range}`,
    );
  }
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function integer(option: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new UsageError(`${option}: expected an integer, found ${text || '""'}`);
}

/** The shop's own catalog, the best seller first. */
function readCatalog(): SimulatedProduct[] {
  const url = new URL("../fixtures/catalog.csv", import.meta.url);
  const text = Deno.readTextFileSync(url);
  return [...parseCatalog(text, "fixtures/catalog.csv")];
}

/** The text of a file; throws a `UsageError` when there is none. */
export function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const found = (error as Error).message.split("\n")[0];
    throw new UsageError(`${path}: expected a readable file, found ${found}`);
  }
}

function main(args: string[]): number {
  try {
    const usage = readUsage(args);
    if (usage === null) {
      console.log(HELP);
      return 0;
    }
    return simulate(usage);
  } catch (error) {
    if (!isTheirs(error)) throw error;
    console.error(error.message.split("\n")[0]);
    return 2;
  }
}

/** Whether what was thrown is about the call or a file, not about a bug. */
export function isTheirs(error: unknown): error is Error {
  return error instanceof UsageError || error instanceof ScenarioError ||
    error instanceof CatalogError;
}

function simulate(usage: Usage): number {
  const file = parseScenario(readText(usage.file), usage.file);
  const progress = (share: number, seed: number) => {
    const of = usage.isMany ? `seed ${seed} of ${usage.seeds.at(-1)}, ` : "";
    showProgress(`${of}${(share * 100).toFixed(0)} % of virtual time`);
  };
  const trace = usage.traceFile === null ? null : new Trace();
  const run = runnerOf(usage.file, progress, trace?.add);
  const rerun = runnerOf(usage.file, progress);
  const results: RunResult[] = [];
  for (const seed of usage.seeds) {
    let result = run(resolveScenario(file, seed), seed);
    if (result.verdict !== "passed") {
      const path = reproPath(usage, result);
      result = saveFailure({ file, result, path }, rerun);
    }
    results.push(result);
    clearProgress();
    if (!usage.isMany || result.verdict !== "passed") {
      console.log(lineOf(result));
    }
  }
  write(usage, results);
  if (usage.traceFile !== null && trace !== null) {
    Deno.writeTextFileSync(usage.traceFile, trace.json());
  }
  if (usage.isMany) {
    const failed = results.filter(({ verdict }) => verdict !== "passed").length;
    console.log(`${results.length - failed} passed, ${failed} failed`);
  }
  // The gravest verdict of all seeds.
  const verdicts = results.map(({ verdict }) => verdict);
  const gravest = (["invariant", "liveness", "threshold"] as const)
    .find((verdict) => verdicts.includes(verdict)) ?? "passed";
  return EXIT_CODES[gravest];
}

/**
 * Runs scenarios on the shop's own catalog. What a scenario names lies beside
 * `path`, its file.
 */
export function runnerOf(
  path: string,
  progress: (share: number, seed: number) => void,
  traced?: Traced,
): Rerun {
  const catalog = readCatalog();
  return (scenario, seed, recorder) =>
    runScenario({
      scenario,
      seed,
      catalog,
      read: (named) => readText(join(dirname(path), named)),
      replay: `deno task simulate ${path} --seed ${seed}`,
      wallMs: () => performance.now(),
      progress: (share) => progress(share, seed),
      ...recorder && { recorder },
      ...traced && { traced },
    });
}

/** Where a failure goes: beside a result, which may have the same name. */
function reproPath({ jsonFile }: Usage, { scenario, seed }: RunResult): string {
  return jsonFile === null
    ? reproPathOf({ scenario, seed })
    : join(dirname(jsonFile), `${scenario}-${seed}.repro.json`);
}

/** Where a failure goes that has no place of its own. */
export function reproPathOf(
  { scenario, seed }: Pick<RunResult, "scenario" | "seed">,
): string {
  return join("data", "repros", `${scenario}-${seed}.json`);
}

/** A run that did not pass, and where its repro goes. */
export interface Failed {
  readonly file: ScenarioFile;
  readonly result: RunResult;
  readonly path: string;
}

/** Saves a failure; its result names the command that runs it again. */
export function saveFailure(
  { file, result, path }: Failed,
  run: Rerun,
): RunResult {
  const [failure] = failuresOf(result);
  if (failure === undefined) return result;
  const repro = reproOf({ file, result, failure, build: buildOf() }, run);
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    writeRepro(path, repro);
  } catch (error) {
    const found = (error as Error).message.split("\n")[0];
    console.error(`${path}: expected a path to write to, found ${found}`);
    return result;
  }
  return { ...result, replay: `deno task replay ${path}` };
}

/** Writes a repro as people read it. */
export function writeRepro(path: string, repro: Repro): void {
  Deno.writeTextFileSync(path, JSON.stringify(repro, null, 2) + "\n");
}

/** What traces depend on besides scenario and seed. */
export function buildOf(): Build {
  const { version } = JSON.parse(
    Deno.readTextFileSync(new URL("../deno.json", import.meta.url)),
  );
  return { version, deno: Deno.version.deno, v8: Deno.version.v8 };
}

function write({ jsonFile, reportFile, isMany }: Usage, results: RunResult[]) {
  if (jsonFile !== null) {
    const plain = results.map((
      { series: _series, latencies: _latencies, faults: _faults, ...rest },
    ) => rest);
    const value = isMany ? plain : plain[0];
    Deno.writeTextFileSync(jsonFile, JSON.stringify(value, null, 2) + "\n");
  }
  if (reportFile !== null) {
    Deno.writeTextFileSync(reportFile, reportHtml(results));
  }
}

/** The last line: the verdict, and the command that runs it again. */
export function lineOf(result: RunResult): string {
  const { scenario, seed, events, virtualMs, wallMs, trace } = result;
  if (result.verdict === "passed") {
    const [virtual, wall] = [virtualMs, wallMs].map((ms) =>
      `${(ms / 1_000).toFixed(1)}s`
    );
    return `PASSED scenario=${scenario} seed=${seed} events=${events} ` +
      `virtual=${virtual} wall=${wall} trace=${trace}`;
  }
  const check = failuresOf(result)[0]?.check ?? "unknown";
  return `FAILED scenario=${scenario} seed=${seed} check=${check} ` +
    `trace=${trace} replay="${result.replay}"`;
}

/** One line that a terminal overwrites; a pipe sees nothing of it. */
export function showProgress(line: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
}

/** Takes the line away again. */
export function clearProgress(): void {
  showProgress("");
}

if (import.meta.main) Deno.exit(main(Deno.args));
