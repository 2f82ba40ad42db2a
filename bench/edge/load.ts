/**
 * Load by wrk: a closed loop over a number of connections, one thread, the
 * same script and plan for every server. Only answers with an expected status
 * count; any other status, a broken connection or a timeout fails the run,
 * because a server that answers wrongly may well be fast.
 *
 * wrk hands every status to the script, which costs 0.5 µs of its own time in
 * 6.5 µs a request, the same for all; its built-in counter cannot tell "sold
 * out" from an overload.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BenchmarkError } from "../benchmark.ts";
import type { Server } from "./servers.ts";

/** Status → share of all answers, together 1. */
export type Shares = Readonly<Record<number, number>>;

/** What is asked for. */
export interface Workload {
  readonly name: string;
  /** Reads products instead of buying. */
  readonly reads: boolean;
  /** One user each; user i is the subject of token i. */
  readonly tokens: readonly string[];
  /** Asked for in turn. */
  readonly skus: readonly string[];
  /** Keys that user i has bought with already; every hundredth request. */
  readonly repeats: readonly string[];
  /** Statuses that are good work, each with its share of the answers. */
  readonly expected: Shares;
}

/** What a round gave. */
export interface LoadFigures {
  /** Answers of an expected status, each second. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How many answers that were. */
  readonly answers: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** A workload written for wrk. */
export interface PlannedLoad {
  readonly workload: Workload;
  readonly planFile: string;
}

const SCRIPT = fileURLToPath(import.meta.resolve("./load.lua"));
/** "1 % of its requests repeat a key". */
export const REPEAT_EVERY = 100;
/** The few answers cut off at the end of a round move a share by less. */
const SHARE_TOLERANCE = 0.005;

/** Writes a workload where wrk can read it. */
export async function planLoad(
  workload: Workload,
  folder: string,
): Promise<PlannedLoad> {
  const planFile = join(folder, `${workload.name.replaceAll(/\W/g, "_")}.lua`);
  await Deno.writeTextFile(planFile, planText(workload));
  return { workload, planFile };
}

/** The plan as a Lua chunk that returns a table. */
export function planText(workload: Workload): string {
  const list = (texts: readonly string[]) =>
    // JSON's string escapes are Lua's for printable ASCII, and all of it is.
    `{${texts.map((text) => JSON.stringify(text)).join(",")}}`;
  return `return {reads=${workload.reads},repeatEvery=${REPEAT_EVERY},` +
    `tokens=${list(workload.tokens)},skus=${list(workload.skus)},` +
    `repeats=${list(workload.repeats)}}\n`;
}

/**
 * Drives a server for some seconds.
 *
 * @throws {BenchmarkError} When anything but good work came back.
 */
export async function drive(
  server: Server,
  { workload, planFile }: PlannedLoad,
  connections: number,
  seconds: number,
): Promise<LoadFigures> {
  const [program = "", ...args] = [
    ...placement(connections),
    "wrk",
    "--threads=1",
    `--connections=${connections}`,
    `--duration=${seconds}s`,
    `--script=${SCRIPT}`,
    server.url,
    "--",
    planFile,
    // Names the round, which makes its keys new.
    crypto.randomUUID().slice(0, 8),
  ];
  const { stdout, stderr, success } = await new Deno.Command(program, {
    args,
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (!success) {
    const why = new TextDecoder().decode(stderr).trim();
    throw new BenchmarkError(
      `wrk against ${server.name} failed: ${why}; ` +
        `the server said: ${server.lastWords()}`,
    );
  }
  const what = `${workload.name} at ${server.name}`;
  return readFigures(what, text, workload.expected);
}

/**
 * With one connection wrk stays on the last core. Left free, the kernel puts
 * it now beside the server, on a core that never sleeps (bare Hono then answers
 * in 13 µs), now apart (90 µs); kept there, it is 87 to 90 µs every time. Under
 * load there is no such choice to make, so nothing is pinned.
 */
function placement(connections: number): string[] {
  const cores = navigator.hardwareConcurrency;
  return connections === 1 && cores > 1
    ? ["taskset", "--cpu-list", String(cores - 1)]
    : [];
}

interface Summary {
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly broken: number;
  readonly late: number;
  readonly statuses: Readonly<Record<string, number>>;
}

/**
 * Reads what the script printed last.
 *
 * @param what How messages call the run.
 * @throws {BenchmarkError} When anything but good work came back.
 */
export function readFigures(
  what: string,
  text: string,
  expected: Shares,
): LoadFigures {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) {
    throw new BenchmarkError(`wrk gave no summary of ${what}: ${line}`);
  }
  // The script of this folder wrote it.
  const summary = JSON.parse(line) as Summary;
  const { statuses, seconds, broken, late } = summary;
  const good = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  const bad = Object.keys({ ...expected, ...statuses }).filter((status) => {
    const share = (statuses[status] ?? 0) / good;
    // Of an unexpected status not even one will do: NaN is near nothing.
    const wanted = expected[Number(status)] ?? NaN;
    return !(Math.abs(share - wanted) <= SHARE_TOLERANCE);
  }).map((status) => `${statuses[status] ?? 0} × ${status} of ${good}`);
  if (broken > 0) bad.push(`${broken} broken connections`);
  if (late > 0) bad.push(`${late} timeouts`);
  if (bad.length > 0) {
    throw new BenchmarkError(`${what} gave ${bad.join(", ")}`);
  }
  return {
    answers: good,
    perSecond: good / seconds,
    p50Ms: summary.p50Us / 1000,
    p99Ms: summary.p99Us / 1000,
    statuses,
  };
}
