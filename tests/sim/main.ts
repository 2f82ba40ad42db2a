/**
 * `deno task mutants`: puts each mutant into a copy of the source, has it
 * found, and has the failing run shrunk to what a person can read. The test
 * suite does the first part only.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { parseArgs } from "node:util";
import type { Repro } from "../../sim/repro.ts";
import { type Mutant, MUTANTS } from "./mutants.ts";
import { eachInCopy, simulate, tryMutant, type Verdict } from "./mutant_run.ts";

const HELP = `Usage: deno task mutants [NAME]

Makes one mistake after the other in copies of the source, has each found by
the check that is for it, and shrinks the run that failed to a small one. Takes
a minute or two. With NAME only the mutants whose name has it.

Exit code: 0 all were found, 1 one was not, 2 bad usage.

Mutants:
${MUTANTS.map(({ name }) => `  ${name}`).join("\n")}`;

const HEADS = ["mutant", "found by", "seed", "events", "shrunk to", "seconds"];

function refuse(line: string): never {
  console.error(line);
  Deno.exit(2);
}

function readUsage(args: string[]): readonly Mutant[] | null {
  let parsed;
  try {
    const options = { help: { type: "boolean" } } as const;
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    return refuse(`${(error as Error).message.split("\n")[0]} (see --help)`);
  }
  if (parsed.values.help) return null;
  const [part = "", ...more] = parsed.positionals;
  const chosen = MUTANTS.filter(({ name }) => name.includes(part));
  if (more.length > 0 || chosen.length === 0) {
    const found = parsed.positionals.join(" ");
    return refuse(`Expected one NAME of a mutant (see --help), found ${found}`);
  }
  return chosen;
}

async function main(args: string[]): Promise<number> {
  const mutants = readUsage(args);
  if (mutants === null) {
    console.log(HELP);
    return 0;
  }
  const rows = new Map<string, readonly string[]>();
  let missed = 0;
  await eachInCopy(mutants, async (folder, mutant) => {
    console.error(`${mutant.name} …`);
    let events = ["", ""];
    const verdict = await tryMutant(folder, mutant, async ({ repro }) => {
      if (repro !== null) events = await shrinkRepro(folder, repro);
    });
    if (!verdict.isFound) missed++;
    rows.set(mutant.name, rowOf(mutant, verdict, events));
    console.error(`${rows.size} of ${mutants.length}: ${mutant.name}`);
  });
  show([HEADS, ...mutants.map(({ name }) => rows.get(name)!)]);
  return missed === 0 ? 0 : 1;
}

/** The events of the run that failed and of the small one that fails alike. */
async function shrinkRepro(folder: string, repro: string): Promise<string[]> {
  const small = `${repro}.small.json`;
  const { stderr } = await simulate(
    folder,
    ["sim/replay/main.ts", repro, "--shrink", "--out", small],
  );
  const eventsOf = async (path: string) => {
    const { events }: Repro = JSON.parse(await Deno.readTextFile(path));
    return String(events);
  };
  try {
    return [await eventsOf(repro), await eventsOf(small)];
  } catch {
    return [await eventsOf(repro), `not shrunk: ${stderr.split("\n")[0]}`];
  }
}

function rowOf(
  { name, found }: Mutant,
  { isFound, checks, seed, seconds }: Verdict,
  events: readonly string[],
): readonly string[] {
  const by = "check" in found ? found.check : found.test;
  const others = checks.join(", ") || "nothing";
  return [
    name,
    isFound ? by : `NOT FOUND (${others} failed)`,
    String(seed ?? ""),
    ...events,
    seconds.toFixed(1),
  ];
}

function show(rows: readonly (readonly string[])[]): void {
  const widths = HEADS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  for (const row of rows) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column]!));
    console.log(cells.join("  ").trimEnd());
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
