/**
 * `deno task determinism`: the determinism check at full length. The test
 * suite runs the same with fewer and smaller seeds.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { parseArgs } from "node:util";
import { compare, type Difference } from "./compare.ts";

const HELP = `Usage: deno task determinism [--seeds N] [--clients N]

Runs each seed in two fresh processes that differ in all that may not matter:
order of the seeds, time zone, language, V8's optimizer and garbage collector,
load of the machine. Both must end in the same trace; else the first event that
differs is named.

--seeds N    seeds 1 to N; 200 unless told
--clients N  how many come in a run, at most; 100 unless told
--help       this text

Exit code: 0 the same, 1 a seed differed, 2 bad usage.`;

const options = {
  seeds: { type: "string", default: "200" },
  clients: { type: "string", default: "100" },
  help: { type: "boolean", default: false },
} as const;

function refuse(line: string): never {
  console.error(line);
  Deno.exit(2);
}

function readOptions() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    const because = (error as Error).message.replaceAll("\n", " ");
    return refuse(`${because} (see --help)`);
  }
}

function count(option: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  return refuse(`--${option}: expected 1 to 999999, found "${text}"`);
}

function show({ seed, traces, first }: Difference): void {
  console.log(`FAILED seed=${seed} traces=${traces.join(",")}`);
  if (first === null) return;
  const { at, after, lines } = first;
  console.log(`  event ${at} is the first that differs, after`);
  console.log(`  ${after || "nothing that is observed"}`);
  console.log("  in the plain and in the disturbed process:");
  for (const line of lines) console.log(`  ${line || "(the run had ended)"}`);
}

const given = readOptions();
if (given.help) {
  console.log(HELP);
} else {
  const seeds = count("seeds", given.seeds);
  const differences = await compare({
    seeds: Array.from({ length: seeds }, (_, index) => index + 1),
    clients: count("clients", given.clients),
    progress: (done) => console.error(`${done} of ${seeds} seeds`),
  });
  differences.forEach(show);
  console.log(`${seeds - differences.length} same, ${differences.length} not`);
  if (differences.length > 0) Deno.exit(1);
}
