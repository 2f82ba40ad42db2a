/**
 * Whether a run is decided by build, scenario and seed alone: the same seeds
 * run in two fresh processes that differ in all that may not matter (order of
 * the seeds, time zone, language, optimizer, garbage collector, load), and must
 * end in the same traces. The first event that differs is named.
 *
 * @module
 */
import type { Job, Planted, Ran } from "./runs.ts";

/** What is compared. */
export interface Comparison {
  readonly seeds: readonly number[];
  /** Clients that come in a run, at most. */
  readonly clients: number;
  /** A fault that both processes have on purpose. */
  readonly planted?: Planted;
  /** Told how many seeds are done. */
  readonly progress?: (done: number) => void;
}

/** A seed whose two runs differ. */
export interface Difference {
  readonly seed: number;
  readonly traces: readonly [string, string];
  /**
   * The first event that differs. Null where it was not looked for, as one
   * seed of a process is enough, and where both ran the same once more.
   */
  readonly first: FirstDifference | null;
}

/** An act or an observation that one run had and the other had not. */
export interface FirstDifference {
  /** Its number, from 1. */
  readonly at: number;
  /** What was observed last before it; empty: nothing. */
  readonly after: string;
  /** It, as both runs had it; empty where a run had ended. */
  readonly lines: readonly [string, string];
}

/** Seeds that share a process: starting one takes as long as ten runs. */
const SEEDS_PER_PROCESS = 10;
const RUNS = new URL("./runs.ts", import.meta.url).pathname;
const ROOT = new URL("../../../", import.meta.url).pathname;
/** Slower than any batch: then a process hangs. */
const DEADLINE_MS = 300_000;

/** What V8 does differently in the second process; each batch takes the next. */
const DISTURBED_FLAGS = [
  "--no-opt,--no-sparkplug",
  "--random-gc-interval=20000",
  "--hash-seed=11,--random-seed=5,--max-semi-space-size=1",
  "--jitless",
];

/** Compares all seeds; the differences in their order. */
export async function compare(comparison: Comparison): Promise<Difference[]> {
  const { seeds, progress } = comparison;
  const differences: Difference[] = [];
  for (let from = 0; from < seeds.length; from += SEEDS_PER_PROCESS) {
    const batch = seeds.slice(from, from + SEEDS_PER_PROCESS);
    const flags = DISTURBED_FLAGS[
      from / SEEDS_PER_PROCESS % DISTURBED_FLAGS.length
    ]!;
    differences.push(...await compareBatch(batch, flags, comparison));
    progress?.(from + batch.length);
  }
  return differences;
}

async function compareBatch(
  seeds: readonly number[],
  flags: string,
  { clients, planted }: Comparison,
): Promise<Difference[]> {
  const job = { seeds, clients, ...planted && { planted } };
  const [plain, disturbed] = await runTwice(job, flags);
  const differences: Difference[] = [];
  for (const [index, seed] of seeds.entries()) {
    const one = JSON.parse(plain[index]!) as Ran;
    const other = JSON.parse(disturbed.at(-1 - index)!) as Ran;
    if (JSON.stringify(one) === JSON.stringify(other)) continue;
    const first = differences.length > 0
      ? null
      : firstDifference(await runTwice({ ...job, shown: seed }, flags));
    differences.push({ seed, traces: [one.trace, other.trace], first });
  }
  return differences;
}

/** Of two prints of all events of one seed. */
function firstDifference(
  prints: readonly [string[], string[]],
): FirstDifference | null {
  // What runs came to is no event.
  const [one, other] = prints.map((lines) =>
    lines.filter((line) => !line.startsWith('{"seed":'))
  ) as [string[], string[]];
  const length = Math.max(one.length, other.length);
  let index = 0;
  while (index < length && one[index] === other[index]) index++;
  if (index === length) return null;
  const after = one.slice(0, index)
    .findLast((line) => !line.startsWith('{"kind":"act"')) ?? "";
  return {
    ...{ at: index + 1, after },
    lines: [one[index] ?? "", other[index] ?? ""],
  };
}

/** In a plain process, and backwards in one that is disturbed. */
function runTwice(
  job: Omit<Job, "isDisturbed">,
  flags: string,
): Promise<[string[], string[]]> {
  return Promise.all([
    linesOf({ ...job, isDisturbed: false }, [], PLAIN),
    linesOf(
      { ...job, seeds: job.seeds.toReversed(), isDisturbed: true },
      [`--v8-flags=${flags}`],
      DISTURBED,
    ),
  ]);
}

const PLAIN = { TZ: "UTC", LANG: "C", LC_ALL: "C" };
/** Three quarters of an hour off, and an alphabet where I is not i. */
const DISTURBED = {
  ...{ TZ: "Pacific/Chatham", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" },
  NOISE: "x".repeat(4_096),
};

async function linesOf(
  job: Job,
  flags: readonly string[],
  env: Record<string, string>,
): Promise<string[]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "-A"],
      ...flags,
      ...[RUNS, JSON.stringify(job)],
    ],
    cwd: ROOT,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`A run ended: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout).trimEnd().split("\n");
}
