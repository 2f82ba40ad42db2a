/**
 * `deno task replay REPRO.json`: runs a saved failure again, says whether it is
 * the same one, and shows what led to it. With `--shrink` it also looks for a
 * smaller scenario that fails alike. Exit codes are those of simulate.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import {
  buildOf,
  clearProgress,
  EXIT_CODES,
  lineOf,
  mustBeWritable,
  onlyFile,
  parseOptions,
  readText,
  runMain,
  runnerOf,
  showProgress,
  UsageError,
  writeRepro,
} from "../command.ts";
import { type Failure, failuresOf, isAlike } from "../failure.ts";
import { drawRanges } from "../ranges.ts";
import {
  compareBuilds,
  parseRepro,
  type Replay,
  replay,
  type Repro,
  reproOf,
  type Rerun,
  scenarioOf,
} from "../repro.ts";
import type { RunResult } from "../run_result.ts";
import {
  parseScenario,
  resolveScenario,
  ScenarioError,
  type ScenarioFile,
} from "../scenario.ts";
import { shrink, type Shrunk } from "../shrink.ts";
import type { Json } from "../shrink/reductions.ts";

const HELP = `Usage: deno task replay REPRO.json [--shrink [--out FILE]]

Runs a failure again that deno task simulate has saved, to the same failure,
and shows what led to it.

--shrink    looks for a smaller scenario that fails alike, with at most 200
            runs or 60 seconds, and writes its repro
--out FILE  where to; REPRO-small.json unless told
--help      this text

Exit code: that of the run, as simulate's: 0 passed, 97 liveness, 98 an
invariant, 99 a threshold; 1 the program broke, 2 bad usage or file.`;

/** So long waits who asked for less to read. */
const MAX_RUNS = 200;
const MAX_SHRINK_MS = 60_000;

interface Usage {
  readonly file: string;
  /** Where the smaller repro goes; null: none is asked for. */
  readonly outFile: string | null;
}

const wallMs = () => performance.now();

function readUsage(args: string[]): Usage | null {
  const { values, positionals } = parseOptions({
    args,
    allowPositionals: true,
    options: {
      shrink: { type: "boolean" },
      out: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return null;
  const file = onlyFile(positionals, "REPRO.json");
  if (values.out !== undefined && !values.shrink) {
    throw new UsageError("--out: expected --shrink with it, found none");
  }
  const small = `${file.replace(/\.json$/, "")}-small.json`;
  return { file, outFile: values.shrink ? values.out ?? small : null };
}

function run({ file: path, outFile }: Usage): number {
  if (outFile !== null) mustBeWritable(outFile);
  const repro = parseRepro(readText(path), path);
  const file = scenarioOf(repro, path);
  const progress = (share: number) =>
    showProgress(`${(share * 100).toFixed(0)} % of virtual time`);
  const rerun = runnerOf({ path: repro.path, wallMs, progress });
  const replayed = replay(repro, file, rerun);
  clearProgress();
  show(repro, replayed);
  const { failure } = replayed;
  let result = { ...replayed.result, replay: `deno task replay ${path}` };
  if (outFile !== null && failure !== null) {
    result = shrinkTo(outFile, { repro, file, failure });
  } else if (outFile !== null) console.log("nothing to shrink: it passed");
  console.log(lineOf(result));
  return EXIT_CODES[result.verdict];
}

function show(repro: Repro, { failure, excerpt, differences }: Replay): void {
  if (failure !== null) {
    console.log(excerpt.lines.join("\n"));
    console.log(`\n\`\`\`mermaid\n${excerpt.diagram}\`\`\`\n`);
    console.log(textOf(failure));
  }
  const builds = compareBuilds(repro.build, buildOf());
  if (differences.length === 0) {
    console.log(`the same failure: check, key, time and trace ${repro.trace}`);
    return;
  }
  console.log("not the same failure:");
  for (const line of differences) console.log(`  ${line}`);
  console.log(
    builds.length === 0
      ? "the build has the same versions; its code must have changed"
      : "the build differs:",
  );
  for (const line of builds) console.log(`  ${line}`);
}

function textOf({ check, key, atUs, detail }: Failure): string {
  return `${check} (${key}) at ${(atUs / 1_000_000).toFixed(6)}s: ${detail}`;
}

/** What is to be shrunk. */
interface Failing {
  readonly repro: Repro;
  readonly file: ScenarioFile;
  readonly failure: Failure;
}

/** Writes the smaller repro; returns the run of it. */
function shrinkTo(
  outFile: string,
  { repro, file, failure }: Failing,
): RunResult {
  const { seed } = repro;
  const rerun = runnerOf({ path: repro.path, wallMs });
  const startedAtMs = wallMs();
  const elapsedMs = () => wallMs() - startedAtMs;
  const shrunk = shrink({
    // Places of ranges change with what is removed; drawn values do not.
    scenario: drawRanges(file.value, { seed }).value as Json,
    failure,
    attempt: (scenario) => attempt(scenario, { repro, file, failure }, rerun),
    maxRuns: MAX_RUNS,
    isTimeUp: () => elapsedMs() > MAX_SHRINK_MS,
    progress: (runs) =>
      showProgress(
        `${runs} of at most ${MAX_RUNS} runs, ` +
          `${(elapsedMs() / 1_000).toFixed(0)} of at most 60 s`,
      ),
  });
  clearProgress();
  report(shrunk);
  const failing = { repro, file, failure: shrunk.failure };
  const result = save(outFile, failing, shrunk, rerun);
  return { ...result, replay: `deno task replay ${outFile}` };
}

function attempt(
  scenario: Json,
  { repro, file, failure }: Failing,
  rerun: Rerun,
): Failure | null | "invalid" {
  let resolved;
  try {
    resolved = resolveScenario(fileOf(scenario, file), repro.seed);
  } catch (error) {
    if (error instanceof ScenarioError) return "invalid";
    throw error;
  }
  const found = failuresOf(rerun(resolved, repro.seed));
  return found.find((each) => isAlike(each, failure)) ?? null;
}

function fileOf(scenario: Json, { path }: ScenarioFile): ScenarioFile {
  return parseScenario(JSON.stringify(scenario), path);
}

function save(
  outFile: string,
  { repro, file, failure }: Failing,
  { scenario, removed }: Shrunk,
  rerun: Rerun,
): RunResult {
  const smaller = fileOf(scenario, file);
  const result = rerun(resolveScenario(smaller, repro.seed), repro.seed);
  const made = reproOf(
    { file: smaller, result, failure, build: buildOf() },
    rerun,
  );
  writeRepro(outFile, {
    ...made,
    path: repro.path,
    removed: [...repro.removed, ...removed],
  });
  return result;
}

function report({ removed, runs, isMinimal, failure }: Shrunk): void {
  const end = isMinimal ? "nothing more can go" : "there was no time for more";
  console.log(`\nshrunk in ${runs} runs (${end}):`);
  for (const line of removed) console.log(`  ${line}`);
  console.log(textOf(failure));
}

if (import.meta.main) runMain({ help: HELP, read: readUsage, run });
