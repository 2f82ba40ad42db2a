/**
 * What the JavaScript programs of a contest have in common: they are called
 * with the name of a task, with milliseconds and with sizes, warm up, run the
 * task again and again until the time is over, and print one line of JSON.
 * Erlang's program (`bench/peers/erlang/bench_main.erl`) does the same.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- the line is what the program is for
import type { Figures } from "./figures.ts";

/** How large a task is. What a task does not have is 0. */
export interface Sizes {
  /** How long it is: messages, rounds, or actors where these are the length. */
  readonly n: number;
  /** How many actors take part. */
  readonly actors: number;
  /** Items between producers and consumers. */
  readonly buffer: number;
  readonly producers: number;
  readonly consumers: number;
  /** How much work an item is. */
  readonly cost: number;
}

/** What one iteration did. */
export interface Ran {
  readonly count: number;
  readonly more?: Readonly<Record<string, number>>;
}

/** One iteration. Throws when its result is wrong. */
export type Run = (sizes: Sizes) => Promise<Ran>;

/**
 * A tenth of the work warms up, again and again, for as long as is measured
 * but no longer than this: V8 has compiled by then what is hot.
 */
const WARM_UP_SHARE = 10;
const WARM_UP_MS = 150;

/** The sizes that a task has. */
export type GivenSizes = Partial<Sizes> & Pick<Sizes, "n">;

const NO_SIZES: Sizes = {
  n: 1,
  actors: 0,
  buffer: 0,
  producers: 0,
  consumers: 0,
  cost: 0,
};

/**
 * Runs the task that `args` name (`NAME MILLISECONDS SIZE=VALUE …`) and prints
 * its figures.
 */
export async function runProgram(
  tasks: Readonly<Record<string, Run>>,
  args: readonly string[],
): Promise<void> {
  const [name = "", milliseconds, ...rest] = args;
  const measuredMs = Number(milliseconds);
  const run = tasks[name];
  if (run === undefined) throw new TypeError(`Cannot run the task "${name}"`);
  const sizes = readSizes(rest);
  const warmUp = { ...sizes, n: Math.max(1, sizes.n / WARM_UP_SHARE | 0) };
  // Memory is looked at once, in a process that has done little yet.
  if (name !== "idle") {
    await iterate(run, warmUp, Math.min(measuredMs, WARM_UP_MS));
  }
  const figures = await iterate(run, sizes, measuredMs);
  console.log(JSON.stringify({ name, ...figures }));
}

function readSizes(args: readonly string[]): Sizes {
  const given = args.map((arg) => arg.split("="));
  const sizes = given.map(([key = "", value]) => [key, Number(value)] as const);
  return { ...NO_SIZES, ...Object.fromEntries(sizes) };
}

/** Those given, and 0 for what a task does not have. */
export function allSizes(given: GivenSizes): Sizes {
  return { ...NO_SIZES, ...given };
}

/** At least once, and again until the time is over. */
async function iterate(
  run: Run,
  sizes: Sizes,
  milliseconds: number,
): Promise<Omit<Figures, "name">> {
  const seconds: number[] = [];
  let leftMs = milliseconds;
  while (true) {
    const fromMs = performance.now();
    const { count, more = {} } = await run(sizes);
    const tookMs = performance.now() - fromMs;
    seconds.push(tookMs / 1000);
    leftMs -= tookMs;
    if (leftMs <= 0) return { count, seconds, more };
  }
}

/** Throws when what was counted is not what must have been. */
export function verify(what: string, found: number, expected: number): void {
  if (found === expected) return;
  throw new Error(
    `Cannot accept ${what} as there must be ${expected}: ` +
      `current value is ${found}`,
  );
}
