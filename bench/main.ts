/**
 * `deno task bench NAME… [--json FILE]`: runs benchmarks against peers, side by
 * side in one call, and prints a table. Without a name it lists them. A name
 * also stands for the benchmarks whose names go on with a dot behind it. A
 * wrong option or name is exit code 2, a benchmark that cannot run here 1.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ACTOR_CONTESTS, WORKER_CONTESTS } from "./actors/claims.ts";
import { acrossWorkers, besidePeers, besidePorts } from "./actors/contest.ts";
import { BALANCING } from "./balancers.ts";
import { type Benchmark, BenchmarkError, type Result } from "./benchmark.ts";
import { CLUSTER } from "./cluster.ts";
import { EDGE } from "./edge.ts";
import { SCALE } from "./edge/scale.ts";
import { LIMITERS } from "./limiters.ts";
import { LOCKS } from "./locks.ts";
import { describeMachine } from "./machine.ts";
import { POLICIES } from "./policies.ts";
import { Progress } from "./progress.ts";
import { table } from "./report.ts";
import { SAVINA_CONTESTS, SAVINA_WORKER_CONTESTS } from "./savina/claims.ts";
import { SIMULATOR } from "./simulator.ts";

const BENCHMARKS: readonly Benchmark[] = [
  EDGE,
  SCALE,
  CLUSTER,
  ...ACTOR_CONTESTS.map(besidePeers),
  ...WORKER_CONTESTS.map(besidePorts),
  ...SIMULATOR,
  ...BALANCING,
  ...POLICIES,
  ...LIMITERS,
  ...LOCKS,
  ...SAVINA_CONTESTS.map(besidePeers),
  ...SAVINA_WORKER_CONTESTS.map(acrossWorkers),
];

const LONGEST_NAME = Math.max(...BENCHMARKS.map(({ name }) => name.length));

const HELP = `Usage: deno task bench NAME… [--json FILE]

Without a name: lists the benchmarks.

--json FILE    also writes the results as JSON
--rounds N     rounds of each measurement, 5 unless told (the median counts)
--seconds N    seconds of each round, 3 unless told
--folder PATH  where journals and logs go meanwhile, ./data/bench unless told:
               a disk, as memory would make durability free
--help         this text`;

/** What was measured before a benchmark could not go on is shown as well. */
interface Outcome {
  readonly results: readonly Result[];
  readonly error: BenchmarkError | null;
}

/** A wrong option or name; `message` is one line. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

interface Usage {
  readonly chosen: readonly Benchmark[];
  readonly jsonFile: string | null;
  readonly rounds: number;
  readonly seconds: number;
  readonly folder: string;
}

/** Null when help or the list was asked for, and printed. */
function readUsage(): Usage | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "string" },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "3" },
      folder: { type: "string", default: join("data", "bench") },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return null;
  }
  if (positionals.length === 0) {
    for (const { name, summary } of BENCHMARKS) {
      console.log(`${name.padEnd(LONGEST_NAME)} ${summary}`);
    }
    return null;
  }
  return {
    chosen: [...new Set(positionals.flatMap(named))],
    jsonFile: values.json ?? null,
    rounds: integer("--rounds", values.rounds, 100),
    seconds: integer("--seconds", values.seconds, 600),
    folder: values.folder,
  };
}

function named(name: string): Benchmark[] {
  const found = BENCHMARKS.filter((bench) =>
    bench.name === name || bench.name.startsWith(`${name}.`)
  );
  if (found.length > 0) return found;
  const known = BENCHMARKS.map((bench) => bench.name).join(", ");
  throw new UsageError(`Expected a benchmark (${known}), found: ${name}`);
}

function integer(option: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new UsageError(
    `${option}: expected an integer from 1 to ${most}, found: ${text}`,
  );
}

async function measure(usage: Usage): Promise<Outcome> {
  const progress = new Progress();
  const results: Result[] = [];
  try {
    for (const bench of usage.chosen) {
      results.push(
        ...await bench.run({
          rounds: usage.rounds,
          roundSeconds: usage.seconds,
          folder: usage.folder,
          plan: (steps) => progress.plan(steps),
          step: (what) => progress.step(what),
        }),
      );
    }
  } catch (error) {
    if (error instanceof BenchmarkError) return { results, error };
    throw error;
  } finally {
    progress.end();
  }
  return { results, error: null };
}

async function makeWritable({ folder, jsonFile }: Usage): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    if (jsonFile !== null) await Deno.writeTextFile(jsonFile, "");
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`Expected a path to write to, found: ${message}`);
  }
}

async function main(): Promise<void> {
  const usage = readUsage();
  if (usage === null) return;
  // Before minutes of work, not after them.
  await makeWritable(usage);
  const machine = describeMachine();
  const { results, error } = await measure(usage);
  if (results.length > 0) console.log(table(results));
  if (usage.jsonFile !== null) {
    const json = JSON.stringify({ machine, results }, null, 2);
    await Deno.writeTextFile(usage.jsonFile, json + "\n");
  }
  if (error !== null) throw error;
}

try {
  await main();
} catch (error) {
  // parseArgs names the wrong option, sometimes in several lines.
  const isWrongOption = error instanceof TypeError && "code" in error;
  if (!(error instanceof UsageError) && !isWrongOption) {
    if (!(error instanceof BenchmarkError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
  console.error(error.message.replaceAll("\n", " "));
  Deno.exit(2);
}
