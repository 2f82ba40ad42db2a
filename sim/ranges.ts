/**
 * Ranges in a scenario file. Wherever a number or a value with a unit may
 * stand, `{"uniform": [a, b]}` may stand too: each seed draws its own value,
 * so that a hundred seeds try a hundred shops (swarm testing: Groce and
 * others, 2012). Each range has a random stream of its own, named by its
 * place, so that a range that is added or removed moves no other draw.
 *
 * @module
 */
import { SeededRandom } from "../actors/runtime/random.ts";
import { formatUs, parseUs } from "./duration.ts";

/** Which value a range becomes: an end of it, or what a seed draws. */
export type Choice = "least" | "most" | { readonly seed: number };

/** A file without ranges, or what is wrong with them. */
export interface Drawn {
  readonly value: unknown;
  /** One line each: where, what was expected, what was found. */
  readonly problems: readonly string[];
}

/** A range as whole steps from its lower end. */
interface Steps {
  readonly count: number;
  valueAt(step: number): number | string;
}

const EXPECTED = "a range of two numbers or two values with the same kind of " +
  'unit, the smaller first, such as {"uniform": ["1ms", "5ms"]}';
/** A number and a unit: `4ms`, `200/s`, `64MB`, `0.5%`. */
const WITH_UNIT = /^(\d{1,9}(?:\.\d{1,3})?)([%/A-Za-z][\w/]*|%)$/;
/** Between numbers that are not whole: finer than anyone reads. */
const FRACTION_STEPS = 1_000_000;
/** What a random stream can choose among. */
const MOST_STEPS = 2 ** 32 - 1;

/** Puts a value in the place of every range. */
export function drawRanges(file: unknown, choice: Choice): Drawn {
  const problems: string[] = [];
  const visit = (value: unknown, path: readonly string[]): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) {
      return value.map((each, index) => visit(each, [...path, `${index}`]));
    }
    const entries = Object.entries(value);
    if (entries.length === 1 && entries[0]![0] === "uniform") {
      const steps = stepsOf(entries[0]![1]);
      if (steps !== null) return choose(steps, choice, path);
      const found = JSON.stringify(value).slice(0, 60);
      problems.push(`${placeOf(path)}: expected ${EXPECTED}, found ${found}`);
      return value;
    }
    return Object.fromEntries(
      entries.map(([key, each]) => [key, visit(each, [...path, key])]),
    );
  };
  return { value: visit(file, []), problems };
}

/** A path inside a file, as lines of errors write it. */
export function placeOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the file";
  return path.map(String)
    .map((key) => /^[\w$-]+$/.test(key) ? key : JSON.stringify(key)).join(".");
}

function choose(
  steps: Steps,
  choice: Choice,
  path: readonly string[],
): number | string {
  if (choice === "least") return steps.valueAt(0);
  if (choice === "most") return steps.valueAt(steps.count);
  const random = new SeededRandom(choice.seed, `swarm ${placeOf(path)}`);
  return steps.valueAt(random.below(steps.count + 1));
}

/** Null when it is no range. */
function stepsOf(ends: unknown): Steps | null {
  if (!Array.isArray(ends) || ends.length !== 2) return null;
  const [least, most] = ends as unknown[];
  const steps = typeof least === "number" && typeof most === "number"
    ? numberSteps(least, most)
    : typeof least === "string" && typeof most === "string"
    ? durationSteps(least, most) ?? unitSteps(least, most)
    : null;
  return steps && steps.count >= 0 && steps.count <= MOST_STEPS ? steps : null;
}

function numberSteps(least: number, most: number): Steps | null {
  if (most < least) return null;
  if (Number.isInteger(least) && Number.isInteger(most)) {
    return { count: most - least, valueAt: (step) => least + step };
  }
  return {
    count: FRACTION_STEPS,
    valueAt: (step) => least + (most - least) * (step / FRACTION_STEPS),
  };
}

/** In whole milliseconds where the ends are, as the config's own values. */
function durationSteps(least: string, most: string): Steps | null {
  const [fromUs, toUs] = [parseUs(least), parseUs(most)];
  if (fromUs === null || toUs === null) return null;
  const stepUs = fromUs % 1000 === 0 && toUs % 1000 === 0 ? 1000 : 1;
  return {
    count: (toUs - fromUs) / stepUs,
    valueAt: (step) => formatUs(fromUs + step * stepUs),
  };
}

/** Rates, sizes and shares, both in the same unit. */
function unitSteps(least: string, most: string): Steps | null {
  const [, from, unit] = WITH_UNIT.exec(least) ?? [];
  const [, to, sameUnit] = WITH_UNIT.exec(most) ?? [];
  if (from === undefined || to === undefined || unit !== sameUnit) return null;
  const perUnit = from.includes(".") || to.includes(".") ? 1000 : 1;
  const first = Math.round(Number(from) * perUnit);
  return {
    count: Math.round(Number(to) * perUnit) - first,
    valueAt: (step) => `${(first + step) / perUnit}${unit}`,
  };
}
