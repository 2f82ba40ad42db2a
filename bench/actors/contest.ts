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
import { type Arm, compileErlang, NACT_ARM, OURS, runArm } from "./arms.ts";
import type { Figures } from "./figures.ts";

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
  readonly sizes: Readonly<Record<string, number>>;
  /** How much one iteration must do. */
  readonly count: number;
  readonly metrics: readonly Metric[];
  /** For what hardly differs from round to round; as told otherwise. */
  readonly rounds?: number;
}

/** The contest as a benchmark, beside Erlang and nact. */
export function besidePeers(contest: Contest): Benchmark {
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
        const erlang = await compileErlang(folder);
        return await hold(contest, [OURS, erlang, NACT_ARM], options);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  };
}

/** Runs all rounds. The first arm is ours. */
async function hold(
  contest: Contest,
  arms: readonly Arm[],
  options: RunOptions,
): Promise<Result[]> {
  const rounds = contest.rounds ?? options.rounds;
  options.plan(rounds * arms.length);
  const { task, sizes, count } = contest;
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
