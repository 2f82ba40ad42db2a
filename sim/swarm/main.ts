/**
 * `deno task swarm`: many small, broken variants of the library's scenarios,
 * one for each seed, each watched by every checker. A failure leaves a file
 * with which `deno task replay` fails again.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { basename } from "node:path";
import {
  clearProgress,
  complain,
  lineOf,
  parseOptions,
  readText,
  runAndSave,
  runMain,
  showProgress,
  UsageError,
} from "../command.ts";
import type { RunResult } from "../run_result.ts";
import { parseScenario } from "../scenario.ts";
import {
  libraryNames,
  pathOf,
  scenarioPathOf,
  swarmScenario,
} from "./swarm_scenario.ts";

const HELP =
  `Usage: deno task swarm [--seeds A..B] [--clients N] [--scenario NAME]

Runs a small variant of a scenario of the library for each seed: few clients,
scarce stock, and network, disk and faults as the seed draws them. All that
must always hold is checked. Each seed that fails leaves a file in data/repros.

--seeds A..B     these seeds, one after the other; 1..1000 unless told
--clients N      how many come at most; 1000 unless told, under 100,000
                 messages
--scenario NAME  this one of the library for all seeds; else they go round
--help           this text

Exit code: 0 passed, 1 a seed failed, 2 bad usage.`;

/** A thousand clients are 50,000 messages; with retries, under 100,000. */
const CLIENTS = "1000";

interface Usage {
  readonly first: number;
  readonly last: number;
  readonly clients: number;
  /** Null: seeds go round the library. */
  readonly scenario: string | null;
}

function readUsage(args: string[]): Usage | null {
  const { values } = parseOptions({
    args,
    options: {
      seeds: { type: "string", default: "1..1000" },
      clients: { type: "string", default: CLIENTS },
      scenario: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return null;
  const [, from, to] = /^(\d{1,9})\.\.(\d{1,9})$/.exec(values.seeds) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (!(first <= last)) {
    const found = values.seeds;
    throw new UsageError(`--seeds: expected A..B with A <= B, found ${found}`);
  }
  if (!/^[1-9]\d{0,4}$/.test(values.clients)) {
    const found = values.clients;
    throw new UsageError(`--clients: expected 1 to 99999, found ${found}`);
  }
  const { scenario = null } = values;
  const known = libraryNames();
  if (scenario !== null && !known.includes(scenario)) {
    const names = known.join(", ");
    throw new UsageError(`--scenario: expected ${names}, found ${scenario}`);
  }
  return { first, last, clients: Number(values.clients), scenario };
}

function swarm({ first, last, clients, scenario }: Usage): number {
  let failed = 0;
  let events = 0;
  for (let seed = first; seed <= last; seed++) {
    showProgress(`seed ${seed} of ${last}, ${failed} failed`);
    const path = scenario === null ? scenarioPathOf(seed) : pathOf(scenario);
    const result = runSeed(path, seed, clients);
    events += result.events;
    if (result.verdict === "passed") continue;
    failed++;
    clearProgress();
    console.log(lineOf(result));
  }
  clearProgress();
  const passed = last - first + 1 - failed;
  console.log(`${passed} passed, ${failed} failed, ${events} events`);
  return failed === 0 ? 0 : 1;
}

function runSeed(path: string, seed: number, clients: number): RunResult {
  const whole = parseScenario(readText(path), path);
  const file = swarmScenario(whole, { seed, clients });
  try {
    return runAndSave({ file, seed, wallMs: () => performance.now() });
  } catch (error) {
    clearProgress();
    complain(
      `seed ${seed} broke the program. Again: deno task swarm ` +
        `--seeds ${seed}..${seed} --clients ${clients} ` +
        `--scenario ${basename(path, ".json")}`,
    );
    throw error;
  }
}

if (import.meta.main) runMain({ help: HELP, read: readUsage, run: swarm });
