/**
 * What the commands of the simulator share: how they are called and refuse to
 * be, what they run, and how they show and keep what failed.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { CatalogError, parseCatalog } from "../cluster/catalog_file.ts";
import { failuresOf } from "./failure.ts";
import type { SimulatedProduct } from "./models.ts";
import {
  type Build,
  type Repro,
  ReproError,
  reproOf,
  type Rerun,
} from "./repro.ts";
import { runScenario } from "./run.ts";
import type { RunResult, Verdict } from "./run_result.ts";
import {
  resolveScenario,
  ScenarioError,
  type ScenarioFile,
} from "./scenario.ts";
import type { Traced } from "./thread_options.ts";

/** What a process ends with, by how its run ended. */
export const EXIT_CODES: Readonly<Record<Verdict, number>> = {
  passed: 0,
  liveness: 97,
  invariant: 98,
  threshold: 99,
};

/** A mistake in how the command was called; the message is one line. */
export class UsageError extends Error {}

// ── How it is called ──────────────────────────────────────────────────────

/** A command: its help, how it reads its arguments, and what it does. */
export interface Command<Usage> {
  readonly help: string;
  /** Null: help is wanted. Throws a `UsageError`. */
  readonly read: (args: string[]) => Usage | null;
  /** Returns the exit code. */
  readonly run: (usage: Usage) => number;
}

/** Runs a process's command, and ends the process with its exit code. */
export function runMain<Usage>(command: Command<Usage>): never {
  Deno.exit(runCommand(command, Deno.args));
}

/** Runs it; what is wrong with the call or a file is one line and a 2. */
function runCommand<Usage>(
  { help, read, run }: Command<Usage>,
  args: string[],
): number {
  try {
    const usage = read(args);
    if (usage !== null) return run(usage);
    say(Deno.stdout, help);
    return 0;
  } catch (error) {
    if (!isTheirs(error)) throw error;
    complain(error.message.split("\n")[0]!);
    return 2;
  }
}

/** Whether what was thrown is about the call or a file, not about a bug. */
function isTheirs(error: unknown): error is Error {
  return error instanceof UsageError || error instanceof ScenarioError ||
    error instanceof CatalogError || error instanceof ReproError;
}

/** `parseArgs`, whose refusals are a `UsageError` each. */
export function parseOptions<const Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    // Its later lines say how the option is given.
    throw new UsageError((error as Error).message.replaceAll("\n", " "));
  }
}

/** The one file that a command takes. */
export function onlyFile(positionals: readonly string[], what: string): string {
  const [file] = positionals;
  if (file !== undefined && positionals.length === 1) return file;
  throw new UsageError(
    `Expected one ${what}, found ${positionals.length} (see --help)`,
  );
}

// ── Files and the terminal ────────────────────────────────────────────────

/** The text of a file; throws a `UsageError` when there is none. */
export function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new UsageError(
      `${path}: expected a readable file, found ${firstLine(error)}`,
    );
  }
}

/**
 * Throws a `UsageError` when a file cannot be written: before a minute of
 * work, not after it. Leaves everything as it was.
 */
export function mustBeWritable(path: string): void {
  const { isThere } = lookAt(path);
  try {
    Deno.openSync(path, { write: true, create: true }).close();
    if (!isThere) Deno.removeSync(path);
  } catch (error) {
    throw notWritable(path, error);
  }
}

/** Writes a file; throws a `UsageError` when it cannot. */
export function writeText(path: string, text: string): void {
  try {
    Deno.writeTextFileSync(path, text);
  } catch (error) {
    throw notWritable(path, error);
  }
}

function notWritable(path: string, error: unknown): UsageError {
  return new UsageError(
    `${path}: expected a path to write to, found ${firstLine(error)}`,
  );
}

function lookAt(path: string): { isThere: boolean } {
  try {
    Deno.lstatSync(path);
    return { isThere: true };
  } catch {
    return { isThere: false };
  }
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n")[0]!;
}

/** One line that a terminal overwrites; a pipe sees nothing of it. */
export function showProgress(line: string): void {
  if (Deno.stderr.isTerminal()) write(Deno.stderr, `\r\x1b[K${line}`);
}

/** Takes the line away again. */
export function clearProgress(): void {
  showProgress("");
}

/** A line for people, beside the results. */
export function complain(line: string): void {
  say(Deno.stderr, line);
}

function say(to: typeof Deno.stderr | typeof Deno.stdout, text: string): void {
  write(to, `${text}\n`);
}

function write(
  to: typeof Deno.stderr | typeof Deno.stdout,
  text: string,
): void {
  // A pipe may take a part only.
  let bytes: Uint8Array = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(to.writeSync(bytes));
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

// ── Runs ──────────────────────────────────────────────────────────────────

/** What runs are made with besides a scenario and a seed. */
export interface RunnerOptions {
  /** The scenario's file; what it names lies beside it. */
  readonly path: string;
  /** The process's own clock, for `wallMs`. */
  readonly wallMs: () => number;
  readonly progress?: (share: number, seed: number) => void;
  readonly traced?: Traced | undefined;
}

/** Runs scenarios on the shop's own catalog, the best seller first. */
export function runnerOf(
  { path, wallMs, progress, traced }: RunnerOptions,
): Rerun {
  const catalog = shopCatalog ??= readCatalog();
  return (scenario, seed, recorder) =>
    runScenario({
      scenario,
      seed,
      catalog,
      read: (named) => readText(join(dirname(path), named)),
      replay: `deno task simulate ${path} --seed ${seed}`,
      wallMs,
      progress: (share) => progress?.(share, seed),
      ...recorder && { recorder },
      ...traced && { traced },
    });
}

/** Read once: a swarm makes a runner for each of its seeds. */
let shopCatalog: readonly SimulatedProduct[] | null = null;

function readCatalog(): readonly SimulatedProduct[] {
  const url = new URL("../fixtures/catalog.csv", import.meta.url);
  return [...parseCatalog(Deno.readTextFileSync(url), "fixtures/catalog.csv")];
}

/** Where a failure goes that has no place of its own. */
function reproPathOf(
  { scenario, seed }: Pick<RunResult, "scenario" | "seed">,
): string {
  return join("data", "repros", `${scenario}-${seed}.json`);
}

/** A scenario file that is run with a seed, and where its failure goes. */
export interface SeededRun extends Omit<RunnerOptions, "path"> {
  readonly file: ScenarioFile;
  readonly seed: number;
  /** In `data/repros` unless told. */
  readonly reproPath?: (result: RunResult) => string;
}

/**
 * Runs a scenario file with a seed. A failure is saved, which takes a second
 * run, and its result names the command that runs it again.
 */
export function runAndSave(
  { file, seed, reproPath = reproPathOf, ...options }: SeededRun,
): RunResult {
  const { path } = file;
  const run = runnerOf({ ...options, path });
  const result = run(resolveScenario(file, seed), seed);
  if (result.verdict === "passed") return result;
  // What the first run traced is not to be there twice.
  const rerun = runnerOf({ ...options, path, traced: undefined });
  return saveFailure({ file, result, path: reproPath(result) }, rerun);
}

/** A run that did not pass, and where its repro goes. */
interface Failed {
  readonly file: ScenarioFile;
  readonly result: RunResult;
  readonly path: string;
}

/** One that cannot be saved keeps the command that it has. */
function saveFailure({ file, result, path }: Failed, run: Rerun): RunResult {
  const [failure] = failuresOf(result);
  if (failure === undefined) return result;
  const repro = reproOf({ file, result, failure, build: buildOf() }, run);
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    writeRepro(path, repro);
  } catch (error) {
    complain(
      error instanceof UsageError ? error.message : notWritable(path, error)
        .message,
    );
    return result;
  }
  return { ...result, replay: `deno task replay ${path}` };
}

/** Writes a repro as people read it; throws a `UsageError` when it cannot. */
export function writeRepro(path: string, repro: Repro): void {
  writeText(path, JSON.stringify(repro, null, 2) + "\n");
}

/** What traces depend on besides scenario and seed. */
export function buildOf(): Build {
  const { version } = JSON.parse(
    Deno.readTextFileSync(new URL("../deno.json", import.meta.url)),
  );
  return { version, deno: Deno.version.deno, v8: Deno.version.v8 };
}
