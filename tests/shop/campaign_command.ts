/**
 * What the commands of campaigns share: how they are called and refuse to be.
 * What is wrong with a call is one line on stderr and exit code 2.
 *
 * @module
 */
import { parseArgs, type ParseArgsConfig } from "node:util";

/** Ends the command with what was wrong. */
export function refuse(line: string): never {
  // deno-lint-ignore no-console -- a process entry talks to its terminal
  console.error(line);
  Deno.exit(2);
}

/** The options as they were given; what is none of them is refused. */
export function readOptions<
  const Options extends NonNullable<ParseArgsConfig["options"]>,
>(options: Options) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    const because = (error as Error).message.replaceAll("\n", " ");
    return refuse(`${because} (see --help)`);
  }
}

/** The integer of an option from `least` to `most`; all else is refused. */
export function integerOf(
  name: string,
  text: string,
  least: number,
  most: number,
): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  const expected = `an integer from ${least} to ${most}`;
  return refuse(`--${name}: expected ${expected}, found "${text}"`);
}

/** A seed, when none is given. */
export function drawSeed(): string {
  return String(crypto.getRandomValues(new Uint32Array(1))[0]);
}
