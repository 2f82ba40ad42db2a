/**
 * A contest: one task, done by each arm in turn, round after round, so that
 * whatever the machine does meanwhile happens to all of them. Its figures are
 * compared round by round.
 *
 * @module
 */
import {
  type Benchmark,
  compare,
  type Goal,
  type Result,
  type RunOptions,
} from "../benchmark.ts";
import {
  type Arm,
  compileErlang,
  type ErlangArms,
  NACT_ARM,
  OURS,
  OURS_ON_WORKERS,
  runArm,
} from "./arms.ts";
import type { Figures } from "./figures.ts";
import { allSizes, type GivenSizes, type Sizes } from "./program.ts";

/** A figure of a contest. */
export interface Metric {
  readonly metric: string;
  readonly unit: string;
  readonly of: (figures: Figures) => number;
  readonly lowerIsBetter?: boolean;
  readonly goals?: readonly Goal[];
}

/** See the module. */
export interface Contest {
  /** What `deno task bench` calls it. */
  readonly name: string;
  readonly summary: string;
  /** What the programs call it. */
  readonly task: string;
  readonly sizes: GivenSizes;
  /** How much one iteration of these sizes must do. */
  readonly count: (sizes: Sizes) => number;
  readonly metrics: readonly Metric[];
  /** How many rounds when so many were asked for; all of them if left out. */
  readonly rounds?: (asked: number) => number;
}

/** A contest across two workers, beside two with a bare port between them. */
export interface PortContest extends Contest {
  /** How the port is used. */
  readonly ports: readonly Arm[];
}

/** The contest as a benchmark in one thread, beside Erlang and nact. */
export function besidePeers(contest: Contest): Benchmark {
  return besideErlang(contest, ({ onOne }) => [OURS, onOne, NACT_ARM]);
}

/** The contest as a benchmark across two workers, beside Erlang. */
export function acrossWorkers(contest: Contest): Benchmark {
  return besideErlang(
    contest,
    ({ onOne, onTwo }) => [OURS_ON_WORKERS, onOne, onTwo],
  );
}

function besideErlang(
  contest: Contest,
  armsOf: (erlang: ErlangArms) => readonly Arm[],
): Benchmark {
  const { name, summary } = contest;
  return {
    name,
    summary,
    async run(options) {
      const folder = await Deno.makeTempDir({
        dir: options.folder,
        prefix: "run-",
      });
      try {
        const arms = armsOf(await compileErlang(folder));
        return await holdContest(contest, arms, options);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  };
}

/** The contest as a benchmark across two workers, beside a bare port. */
export function besidePorts(contest: PortContest): Benchmark {
  return besideArms(contest, [OURS_ON_WORKERS, ...contest.ports]);
}

/** The contest as a benchmark of these arms: ours first, then its peers. */
export function besideArms(
  contest: Contest,
  arms: readonly Arm[],
): Benchmark {
  const { name, summary } = contest;
  return {
    name,
    summary,
    run: (options) => holdContest(contest, arms, options),
  };
}

/**
 * Runs all rounds. The first arm is ours, the others are its peers.
 *
 * @throws {BenchmarkError} When an arm fails or gives a wrong result.
 */
export async function holdContest(
  contest: Contest,
  arms: readonly Arm[],
  options: RunOptions,
): Promise<Result[]> {
  const rounds = contest.rounds?.(options.rounds) ?? options.rounds;
  options.plan(rounds * arms.length);
  const { task, sizes } = contest;
  const count = contest.count(allSizes(sizes));
  // The arms share the time of a round.
  const milliseconds = Math.round((options.roundSeconds * 1000) / arms.length);
  const samples = new Map<Arm, Figures[]>(arms.map((arm) => [arm, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [arm, figures] of samples) {
      const asked = { name: task, milliseconds, sizes, count };
      figures.push(await runArm(arm, asked));
      options.step(`${contest.name}: ${arm.name}`);
    }
  }
  return contest.metrics.map((metric) => judge(contest, metric, samples));
}

function judge(
  { name }: Contest,
  { metric, unit, of, lowerIsBetter = false, goals = [] }: Metric,
  samples: ReadonlyMap<Arm, readonly Figures[]>,
): Result {
  const [ours = [], ...peers] = [...samples.values()].map((all) => all.map(of));
  const [, ...names] = [...samples.keys()].map((arm) => arm.name);
  return compare({
    bench: name,
    metric,
    unit,
    lowerIsBetter,
    ours,
    peers: Object.fromEntries(
      names.map((each, peer) => [each, peers[peer] ?? []]),
    ),
    goals,
  });
}
