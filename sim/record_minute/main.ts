/**
 * `deno task record-minute`: the record minute of Double 11 in virtual time,
 * with all checkers, and how fast it was played.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import {
  clearProgress,
  EXIT_CODES,
  lineOf,
  parseOptions,
  runAndSave,
  runMain,
  showProgress,
  UsageError,
} from "../command.ts";
import type { RunResult } from "../run_result.ts";
import { parseScenario } from "../scenario.ts";
import { atScale } from "./record_minute.ts";

const HELP = `Usage: deno task record-minute [--scale S] [--seed N]

Runs the minute of the most orders, 583,000/s, in virtual time and with every
checker, and says how many messages and events it played a second.

--scale S  the share of it, 0.1 unless told, which takes 4 GB of memory; what a
           larger one takes grows with it
--seed N   1 unless told
--help     this text

The last line and the exit code are those of deno task simulate.`;

const SCENARIO = new URL("../../fixtures/record_minute.json", import.meta.url);

interface Usage {
  readonly scale: number;
  readonly seed: number;
}

function readUsage(args: string[]): Usage | null {
  const { values } = parseOptions({
    args,
    options: {
      scale: { type: "string", default: "0.1" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return null;
  const scale = Number(values.scale);
  if (!(scale >= 0.00001 && scale <= 1)) {
    const found = values.scale;
    throw new UsageError(`--scale: expected 0.00001 to 1, found ${found}`);
  }
  if (!/^\d{1,10}$/.test(values.seed)) {
    throw new UsageError(`--seed: expected an integer, found ${values.seed}`);
  }
  return { scale, seed: Number(values.seed) };
}

function play({ scale, seed }: Usage): number {
  const path = "fixtures/record_minute.json";
  const whole = parseScenario(Deno.readTextFileSync(SCENARIO), path);
  const file = atScale(whole, scale);
  // Bound: inside a run the name leads to a tripwire.
  const wallMs = performance.now.bind(performance);
  const startedMs = wallMs();
  let peakBytes = 0;
  const lookAtMemory = () => {
    peakBytes = Math.max(peakBytes, Deno.memoryUsage().rss);
  };
  const progress = (share: number) => {
    lookAtMemory();
    const leftMs = (wallMs() - startedMs) * (1 - share) / share;
    showProgress(
      `${(share * 100).toFixed(0)} % of the minute, ` +
        `${(leftMs / 1_000).toFixed(0)} s left`,
    );
  };
  const result = runAndSave({ file, seed, wallMs, progress });
  // The last comparison folds once more, and tells of no progress.
  lookAtMemory();
  clearProgress();
  for (const line of figuresOf(result, peakBytes)) console.log(line);
  console.log(lineOf(result));
  return EXIT_CODES[result.verdict];
}

function figuresOf(result: RunResult, peakBytes: number): string[] {
  const { messages, events, metrics, wallMs } = result;
  const figure = (what: string, count: number) =>
    `${what}: ${count}, ${Math.round(count * 1_000 / wallMs)}/s`;
  return [
    figure("orders", metrics["orders.placed"] ?? 0),
    figure("messages", messages),
    figure("events", events),
    `memory: ${(peakBytes / 2 ** 30).toFixed(1)} GiB`,
  ];
}

if (import.meta.main) runMain({ help: HELP, read: readUsage, run: play });
