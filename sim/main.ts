/**
 * `deno task simulate SCENARIO`: runs a scenario file in virtual time, with one
 * seed or many, and says how it went. The exit code is the verdict's: 0 passed,
 * 97 liveness, 98 an invariant, 99 a threshold, 2 bad usage, 1 a bug.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { dirname, join } from "node:path";
import {
  clearProgress,
  EXIT_CODES,
  lineOf,
  mustBeWritable,
  onlyFile,
  parseOptions,
  readText,
  runAndSave,
  runMain,
  showProgress,
  UsageError,
  writeText,
} from "./command.ts";
import { reportHtml } from "./report.ts";
import type { RunResult } from "./run_result.ts";
import { parseScenario } from "./scenario.ts";
import { Trace } from "./trace_events.ts";

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
  const { values, positionals } = parseOptions({
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
  if (values.help) return null;
  const file = onlyFile(positionals, "SCENARIO file");
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

function simulate(usage: Usage): number {
  const { file: path, jsonFile, reportFile, traceFile } = usage;
  for (const output of [jsonFile, reportFile, traceFile]) {
    if (output !== null) mustBeWritable(output);
  }
  const file = parseScenario(readText(path), path);
  const progress = (share: number, seed: number) => {
    const of = usage.isMany ? `seed ${seed} of ${usage.seeds.at(-1)}, ` : "";
    showProgress(`${of}${(share * 100).toFixed(0)} % of virtual time`);
  };
  const trace = traceFile === null ? null : new Trace();
  const results: RunResult[] = [];
  for (const seed of usage.seeds) {
    const result = runAndSave({
      file,
      seed,
      wallMs: () => performance.now(),
      progress,
      traced: trace?.add,
      ...jsonFile !== null && { reproPath: (run) => pathBeside(jsonFile, run) },
    });
    results.push(result);
    clearProgress();
    if (!usage.isMany || result.verdict !== "passed") {
      console.log(lineOf(result));
    }
  }
  write(usage, results);
  if (traceFile !== null && trace !== null) writeText(traceFile, trace.json());
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

/** Where a failure goes beside a result, which may have the same name. */
function pathBeside(jsonFile: string, { scenario, seed }: RunResult): string {
  return join(dirname(jsonFile), `${scenario}-${seed}.repro.json`);
}

function write({ jsonFile, reportFile, isMany }: Usage, results: RunResult[]) {
  if (jsonFile !== null) {
    const plain = results.map((
      { series: _series, latencies: _latencies, faults: _faults, ...rest },
    ) => rest);
    const value = isMany ? plain : plain[0];
    writeText(jsonFile, JSON.stringify(value, null, 2) + "\n");
  }
  if (reportFile !== null) {
    writeText(reportFile, reportHtml(results));
  }
}

if (import.meta.main) runMain({ help: HELP, read: readUsage, run: simulate });
