/**
 * The one line that a program of a contest prints last, read and mistrusted: a
 * program that did less than it was asked to may well be fast. Ours, Erlang's
 * and nact's print the same line.
 *
 * @module
 */
import { BenchmarkError, median } from "../benchmark.ts";

/** What a program measured. */
export interface Figures {
  /** The task that was run. */
  readonly name: string;
  /** Messages (or asks, or actors) of one iteration. */
  readonly count: number;
  /** What each iteration took, warm-up not counted. */
  readonly seconds: readonly number[];
  /** Further figures by name, such as `bytes`, `retries` or `p50Us`. */
  readonly more: Readonly<Record<string, number>>;
}

/** What the program was asked for. */
export interface Asked {
  /** How errors call the program. */
  readonly program: string;
  /** The name of the task. */
  readonly name: string;
  /** How much one iteration must have done. */
  readonly count: number;
}

/**
 * Reads what a program printed.
 *
 * @throws {BenchmarkError} When the last line is no figures, or not those.
 */
export function readFigures(text: string, asked: Asked): Figures {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  const refuse = (why: string) =>
    new BenchmarkError(
      `${asked.program} gave no figures of ${asked.name} as ${why}: ${line}`,
    );
  const figures = parse(line);
  if (figures === null) throw refuse("its last line is none");
  if (figures.name !== asked.name) throw refuse("they are of another task");
  if (figures.count !== asked.count) {
    throw refuse(`it had to do ${asked.count}`);
  }
  const { seconds, more } = figures;
  if (seconds.length === 0) throw refuse("it ran no iteration");
  if (!seconds.every((each) => each > 0)) throw refuse("time stood still");
  if (!Object.values(more).every(Number.isFinite)) {
    throw refuse("a figure is no number");
  }
  return figures;
}

function parse(line: string): Figures | null {
  if (!line.startsWith("{")) return null;
  let value: Partial<Figures>;
  try {
    value = JSON.parse(line);
  } catch {
    // Cut off, or something else that begins with a brace.
    return null;
  }
  const { name, count, seconds, more } = value;
  const isWhole = typeof name === "string" && typeof count === "number" &&
    Array.isArray(seconds) && typeof more === "object" && more !== null;
  return isWhole ? { name, count, seconds, more } : null;
}

/** How much was done each second, by the median iteration. */
export function perSecond({ count, seconds }: Figures): number {
  return count / median(seconds);
}

/** How many nanoseconds each took, by the median iteration. */
export function nanosecondsEach({ count, seconds }: Figures): number {
  return median(seconds) / count * 1e9;
}

/** A further figure; NaN, which meets no goal, when it is not there. */
export function further({ more }: Figures, name: string): number {
  return more[name] ?? NaN;
}
