/**
 * The arms of a contest: programs that run a task by its name and print
 * figures. Ours and nact's are Deno processes with the same flags, Erlang's is
 * compiled into the run's folder. All use one thread, but in the contests
 * across workers, where ours has two beside an idle main thread.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BenchmarkError } from "../benchmark.ts";
import { needPrograms } from "../programs.ts";
import { type Figures, readFigures } from "./figures.ts";
import type { GivenSizes } from "./program.ts";

/** Who takes part in a contest. */
export interface Arm {
  /** As tables show it. */
  readonly name: string;
  /** The program, and its arguments before those of the task. */
  readonly command: readonly [program: string, ...args: string[]];
}

/** What an arm is to do. */
export interface Task {
  readonly name: string;
  /** How long to measure; at least one iteration is run. */
  readonly milliseconds: number;
  readonly sizes: GivenSizes;
  /** How much one iteration must do. */
  readonly count: number;
}

/** The peers' names in tables and goals. */
export const ERLANG = "Erlang";
/** See `ERLANG`. */
export const NACT = "nact";
/** See `ERLANG`. */
const ERLANG_ON_TWO = "Erlang, 2 schedulers";
/** See `ERLANG`. */
export const PORT = "one postMessage each";
/** See `ERLANG`. */
const TEXT_PORT = "one short text each";

/** The slowest needs half a minute; whoever needs longer hangs. */
const RUN_WITHIN_MS = 300_000;
/** Enough to see why a program failed; Erlang adds its stack. */
const SHOWN_CHARACTERS = 200;

/** Memory is read after a full collection. */
const COLLECTS = "--expose-gc";

/**
 * What `docs/guide.md` recommends where many actors or messages live at a time;
 * nact gains by it as well. Isolates of workers are left as they are: three
 * times as much memory gained them nothing.
 */
const YOUNG = "--min-semi-space-size=64,--max-semi-space-size=64";

/** A program in a Deno process that needs no more than these permissions. */
export function denoArm(
  name: string,
  url: string,
  permissions: readonly string[] = [],
  args: readonly string[] = [],
): Arm {
  const flags = ["run", "--quiet", "--no-prompt", "--no-check", ...permissions];
  return {
    name,
    command: [Deno.execPath(), ...flags, fileURLToPath(url), ...args],
  };
}

/** Workers read their modules. */
const denoWith = (v8Flags: string) =>
  [
    "run",
    "--quiet",
    "--no-prompt",
    "--no-check",
    "--allow-read",
    `--v8-flags=${v8Flags}`,
  ] as const;
const ONE_THREAD = denoWith(`${COLLECTS},${YOUNG}`);
const WORKERS = denoWith(COLLECTS);

const OURS_MAIN = fileURLToPath(import.meta.resolve("./ours/main.ts"));
const WORKERS_MAIN = fileURLToPath(import.meta.resolve("./workers/main.ts"));
const PORT_MAIN = fileURLToPath(import.meta.resolve("./port/main.ts"));
const NACT_MAIN = fileURLToPath(import.meta.resolve("../peers/nact/main.ts"));
const ERLANG_SOURCE = fileURLToPath(import.meta.resolve("../peers/erlang/"));

/** More than the million processes of a task; Erlang's default is 262,144. */
const ERLANG_PROCESSES = 2 ** 21;

/** Ours. */
export const OURS: Arm = {
  name: "ours",
  command: [Deno.execPath(), ...ONE_THREAD, OURS_MAIN],
};

/** Ours, with actors in two workers. */
export const OURS_ON_WORKERS: Arm = {
  name: "ours",
  command: [Deno.execPath(), ...WORKERS, WORKERS_MAIN],
};

/** nact, in a Deno process as ours. */
export const NACT_ARM: Arm = {
  name: NACT,
  command: [Deno.execPath(), ...ONE_THREAD, NACT_MAIN],
};

/** Two workers with a bare port between them, where ours has two as well. */
export const PORT_ARM: Arm = {
  name: PORT,
  command: [Deno.execPath(), ...WORKERS, PORT_MAIN, "objects"],
};

/** The same, but a round trip carries next to nothing. */
export const TEXT_PORT_ARM: Arm = {
  name: TEXT_PORT,
  command: [Deno.execPath(), ...WORKERS, PORT_MAIN, "texts"],
};

/** Erlang with one scheduler and with two, compiled. */
export interface ErlangArms {
  readonly onOne: Arm;
  readonly onTwo: Arm;
}

/**
 * Erlang, installed and compiled first.
 *
 * @throws {BenchmarkError} When it can be neither found nor installed.
 */
export async function compileErlang(folder: string): Promise<ErlangArms> {
  await needPrograms("erl", "erlc");
  const sources = [...Deno.readDirSync(ERLANG_SOURCE)]
    .filter(({ name }) => name.endsWith(".erl"))
    .map(({ name }) => join(ERLANG_SOURCE, name));
  const erlc = ["erlc", "-Wall", "-Werror", "-o", folder, ...sources] as const;
  await output("Erlang's compiler", erlc);
  const entry = ["-pa", folder, "-run", "bench_main", "main"];
  const arm = (name: string, schedulers: number): Arm => {
    const limits = ["+S", String(schedulers), "+P", String(ERLANG_PROCESSES)];
    return { name, command: ["erl", "-noshell", ...limits, ...entry] };
  };
  return { onOne: arm(ERLANG, 1), onTwo: arm(ERLANG_ON_TWO, 2) };
}

/**
 * Runs a task.
 *
 * @throws {BenchmarkError} When the program fails or gives a wrong result.
 */
export async function runArm(arm: Arm, task: Task): Promise<Figures> {
  const sizes = Object.entries(task.sizes).map(([key, size]) =>
    `${key}=${size}`
  );
  const what = `${arm.name}, ${task.name}`;
  const text = await output(what, [
    ...arm.command,
    task.name,
    String(task.milliseconds),
    ...sizes,
  ]);
  return readFigures(text, { ...task, program: arm.name });
}

/** What a program printed, once it has ended well. */
async function output(
  what: string,
  [program, ...args]: readonly [string, ...string[]],
): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    args,
    // A crash of Erlang leaves no file behind.
    env: { NO_COLOR: "1", ERL_CRASH_DUMP: "/dev/null" },
    stdin: "null",
    signal: AbortSignal.timeout(RUN_WITHIN_MS),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (success) return text(stdout);
  const said = text(stderr) + text(stdout);
  // The line that says what, not where; who was killed has said nothing.
  const why = said.split("\n").find((line) => /error|fatal/i.test(line)) ??
    `exit ${code}`;
  throw new BenchmarkError(`${what} failed: ${why.slice(0, SHOWN_CHARACTERS)}`);
}
