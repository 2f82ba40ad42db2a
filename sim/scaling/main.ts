/**
 * `deno task scaling`: what one shop sells with one process to sixty-four, in
 * virtual time, on machines that can be too busy. The figures are the same on
 * every run and machine.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { RATE } from "../../cluster/units.ts";
import {
  clearProgress,
  complain,
  mustBeWritable,
  parseOptions,
  readText,
  runMain,
  runnerOf,
  showProgress,
  UsageError,
  writeText,
} from "../command.ts";
import {
  parseScenario,
  resolveScenario,
  type ScenarioFile,
} from "../scenario.ts";
import { type Point, PROCESSES, ScalingError, scalingOf } from "./scaling.ts";
import { modelOf, tableOf } from "./sheet.ts";

const SCENARIO = "fixtures/many_processes.json";

const HELP =
  `Usage: deno task scaling [SCENARIO] [--processes N,N…] [--rate R] [--shared]
                          [--json FILE]

Runs a scenario with one process and with more, all else being equal, and shows
what the shop sells, how busy everything is, and the model behind it. All is in
virtual time; without options it takes some minutes.

SCENARIO       ${SCENARIO} unless told
--processes    ${PROCESSES} unless told
--rate R       clients come at this rate, such as 2000/s, whatever they get
--shared       eight shop workers and 96 clients, and everything on the cores
               of one machine: what deno task bench cluster measures
--json FILE    also writes the figures
--help         this text

Exit code: 0, 1 when a run breaks a promise of the shop, 2 for bad usage.`;

interface Usage {
  readonly path: string;
  readonly processes: readonly number[];
  /** Null: as the scenario says. */
  readonly rate: string | null;
  readonly isShared: boolean;
  readonly jsonFile: string | null;
}

const MOST_PROCESSES = 64;

function readUsage(args: string[]): Usage | null {
  const { values, positionals } = parseOptions({
    args,
    allowPositionals: true,
    options: {
      processes: { type: "string", default: PROCESSES.join(",") },
      rate: { type: "string" },
      shared: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return null;
  const [path = SCENARIO, ...rest] = positionals;
  if (rest.length > 0) {
    const found = positionals.length;
    throw new UsageError(`Expected one SCENARIO at most, found ${found}`);
  }
  return {
    path,
    processes: values.processes.split(",").map(count),
    rate: values.rate === undefined ? null : rateOf(values.rate),
    isShared: values.shared,
    jsonFile: values.json ?? null,
  };
}

function count(text: string): number {
  const processes = Number(text);
  if (Number.isInteger(processes) && processes >= 1) {
    if (processes <= MOST_PROCESSES) return processes;
  }
  throw new UsageError(
    `--processes: expected numbers from 1 to ${MOST_PROCESSES} with commas, ` +
      `found ${text || '""'}`,
  );
}

function rateOf(text: string): string {
  if (RATE.test(text)) return text;
  throw new UsageError(
    `--rate: expected a rate such as "2000/s", found ${text || '""'}`,
  );
}

/** As `bench/cluster.ts` has it: what the model can be held against. */
function onOneMachine(file: ScenarioFile): ScenarioFile {
  const value = file.value as Readonly<Record<string, object>>;
  const partitions = { storefront: 16, inventory: 16, accounts: 4 };
  const closed = { users: 96, think: "0s" };
  return changed(file, {
    topology: { ...value.topology, partitions, cacheNodes: 2 },
    cluster: { ...value.cluster, shopWorkers: 8 },
    machines: { ...value.machines, shared: true },
    load: [{ phase: "sale", closed }],
  });
}

function atRate(file: ScenarioFile, rate: string): ScenarioFile {
  return changed(file, { load: [{ phase: "sale", open: { rate } }] });
}

/** With these sections instead; throws a `ScenarioError` when they are wrong. */
function changed(file: ScenarioFile, sections: object): ScenarioFile {
  const whole = { ...file.value as object, ...sections };
  return parseScenario(JSON.stringify(whole), file.path);
}

function scale(usage: Usage): number {
  const { path, processes, rate, isShared, jsonFile } = usage;
  if (jsonFile !== null) mustBeWritable(jsonFile);
  const given = parseScenario(readText(path), path);
  const shop = isShared ? onOneMachine(given) : given;
  const file = rate === null ? shop : atRate(shop, rate);
  let running = 0;
  const run = runnerOf({
    path,
    wallMs: () => performance.now(),
    progress: (share) =>
      showProgress(`${running} processes: ${(share * 100).toFixed(0)} %`),
  });
  let points: readonly Point[];
  try {
    points = scalingOf(file, processes, (scenario, ...rest) => {
      running = scenario.network.processes;
      return run(scenario, ...rest);
    });
  } catch (error) {
    if (!(error instanceof ScalingError)) throw error;
    complain(error.message);
    return 1;
  } finally {
    clearProgress();
  }
  const scenario = resolveScenario(file, 1);
  if (jsonFile !== null) {
    const { machines } = scenario;
    const json = { schema: "doorbuster-scaling/1", machines, points };
    writeText(jsonFile, JSON.stringify(json, null, 2) + "\n");
  }
  console.log(`${modelOf(scenario)}\n\n${tableOf(points)}`);
  return 0;
}

if (import.meta.main) runMain({ help: HELP, read: readUsage, run: scale });
