/**
 * What a benchmark is: a name, and a run that gives results. A result is one
 * figure of ours beside the same figure of each peer, taken in the same call;
 * its ratios are medians over the rounds, each of a pair measured in the same
 * round, so that a machine that slows down slows both. Goals are printed beside
 * the ratios; a missed one is shown, not hidden, and does not fail the run.
 *
 * @module
 */

/** What a ratio (or the figure itself) should reach. */
export interface Goal {
  /** The peer whose ratio is judged; `null` judges our own figure. */
  readonly against: string | null;
  /** What must be kept. */
  readonly floor: number;
  /** What we want; left out where the floor is all that is asked for. */
  readonly aim?: number;
}

/** One figure, as `--json` writes it. */
export interface Result {
  readonly bench: string;
  readonly metric: string;
  readonly unit: string;
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  /** Ours divided by the peer's. */
  readonly ratio: Readonly<Record<string, number>>;
  /** How many rounds the medians are of. */
  readonly runs: number;
  /** True where less is better: latency, memory, time to recover. */
  readonly lowerIsBetter: boolean;
  readonly goals: readonly Goal[];
}

/** How long and how often to measure, and whom to tell. */
export interface RunOptions {
  readonly rounds: number;
  readonly roundSeconds: number;
  /** Everything temporary goes below this folder, journals included. */
  readonly folder: string;
  /** Says how many steps there will be, before the first one. */
  readonly plan: (steps: number) => void;
  /** Called after each step with what was done. */
  readonly step: (what: string) => void;
}

/** A benchmark. `run` throws `BenchmarkError` for what a person can mend. */
export interface Benchmark {
  readonly name: string;
  readonly summary: string;
  readonly run: (options: RunOptions) => Promise<readonly Result[]>;
}

/** A benchmark that cannot run here; `message` is one line for a person. */
export class BenchmarkError extends Error {
  override readonly name = "BenchmarkError";
}

/** The middle value; of an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const high = sorted[middle];
  if (high === undefined) throw new RangeError("Cannot take a median of none");
  if (sorted.length % 2 === 1) return high;
  return ((sorted[middle - 1] ?? high) + high) / 2;
}

/** What `compare` needs to make a result. */
export interface Comparison {
  readonly bench: string;
  readonly metric: string;
  readonly unit: string;
  readonly lowerIsBetter?: boolean;
  /** Our figure in each round. */
  readonly ours: readonly number[];
  /** Each peer's figure in the same rounds, in the same order. */
  readonly peers?: Readonly<Record<string, readonly number[]>>;
  readonly goals?: readonly Goal[];
}

/** Makes a result of rounds: medians, and the median of each round's ratio. */
export function compare(comparison: Comparison): Result {
  const { bench, metric, unit, ours, goals = [] } = comparison;
  const peers = Object.entries(comparison.peers ?? {});
  return {
    bench,
    metric,
    unit,
    ours: median(ours),
    peers: Object.fromEntries(
      peers.map(([name, figures]) => [name, median(figures)]),
    ),
    ratio: Object.fromEntries(
      peers.map(([name, figures]) => [
        name,
        median(ours.map((figure, round) => figure / (figures[round] ?? NaN))),
      ]),
    ),
    runs: ours.length,
    lowerIsBetter: comparison.lowerIsBetter ?? false,
    goals,
  };
}

/** How a result stands to a goal. */
export function judge(result: Result, goal: Goal): "aim" | "met" | "missed" {
  const { against } = goal;
  const value = against === null ? result.ours : result.ratio[against] ?? NaN;
  const reaches = (bound: number) =>
    result.lowerIsBetter ? value <= bound : value >= bound;
  if (goal.aim !== undefined && reaches(goal.aim)) return "aim";
  return reaches(goal.floor) ? "met" : "missed";
}
