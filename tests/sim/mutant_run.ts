/**
 * Puts a mutant into a copy of the source and has it run there, in a process
 * of its own: the simulator on the mutant's scenario, or the test that must
 * notice. The source itself is never touched.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunResult } from "../../sim/run_result.ts";
import type { ByScenario, Edit, Mutant } from "./mutants.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What the simulator and the tests of mutants load. */
const NEEDED = [
  "actors",
  "cluster",
  "sim",
  "mod.ts",
  "deno.json",
  "deno.lock",
  "fixtures/catalog.csv",
  "fixtures/token_bucket_seed.json",
  "tests/permission.ts",
  "tests/cluster",
  "tests/sim/mutant_scenario.ts",
  "tests/sim/processes_slow_test.ts",
  "tests/actors/cache",
  "tests/actors/cache_kit.ts",
  "tests/actors/runtime",
  "tests/tidy",
];

/** What became of a mutant. */
export interface Verdict {
  readonly mutant: string;
  readonly isFound: boolean;
  /** The ids of all checks that failed, or the test; none: it passed. */
  readonly checks: readonly string[];
  /** The seed that showed it; null: none, or a test did. */
  readonly seed: number | null;
  /** Where simulate left the failure; null: nowhere. */
  readonly repro: string | null;
  readonly seconds: number;
  /** What the process said last. */
  readonly said: string;
}

/** How a process ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Acts in a copy of the source, which is gone afterwards. */
async function inCopy(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-mutants-" });
  try {
    for (const name of NEEDED) await copy(join(ROOT, name), join(folder, name));
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) {
    await Deno.mkdir(dirname(to), { recursive: true });
    return await Deno.copyFile(from, to);
  }
  for await (const { name } of Deno.readDir(from)) {
    await copy(join(from, name), join(to, name));
  }
}

/** Runs a mutant in the copy, and then takes it out again. */
export async function tryMutant(
  folder: string,
  mutant: Mutant,
  after: (verdict: Verdict) => Promise<void> = async () => {},
): Promise<Verdict> {
  const before = new Map<string, string>();
  for (const { file } of mutant.edits) {
    const path = join(folder, file);
    before.set(path, await Deno.readTextFile(path));
  }
  try {
    for (const edit of mutant.edits) await apply(folder, edit);
    const verdict = await judge(folder, mutant);
    await after(verdict);
    return verdict;
  } finally {
    for (const [path, text] of before) await Deno.writeTextFile(path, text);
  }
}

/** Runs what would find the mutant, without the mutant. */
export function tryOriginal(folder: string, mutant: Mutant): Promise<Verdict> {
  return judge(folder, mutant);
}

async function apply(
  folder: string,
  { file, find, replace }: Edit,
): Promise<void> {
  const path = join(folder, file);
  const parts = (await Deno.readTextFile(path)).split(find);
  if (parts.length !== 2) {
    throw new Error(
      `Cannot mutate ${file} as what is replaced must stand there once: ` +
        `found ${parts.length - 1} times: ${find}`,
    );
  }
  await Deno.writeTextFile(path, parts.join(replace));
}

async function judge(
  folder: string,
  { name, found }: Mutant,
): Promise<Verdict> {
  const startedMs = performance.now();
  const verdict = "test" in found
    ? await byTest(folder, found)
    : await byScenario(folder, found);
  const seconds = (performance.now() - startedMs) / 1_000;
  return { mutant: name, seconds, ...verdict };
}

type Judged = Omit<Verdict, "mutant" | "seconds">;

async function byTest(
  folder: string,
  { test, name }: { readonly test: string; readonly name: string },
): Promise<Judged> {
  const pattern = `/${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}/`;
  const filter = `--filter=${pattern}`;
  const args = ["test", "--no-check", "-A", filter, test];
  const { code, stdout, stderr } = await deno(folder, args);
  // Without a test of that name, or when it does not load, nothing is known.
  const lines = stdout.split("\n").filter((line) => line.includes(name));
  const isOk = lines.some((line) => / \.\.\. ok /.test(line));
  const isFound = lines.some((line) => / \.\.\. FAILED /.test(line));
  if (!isOk && !isFound || isFound !== (code !== 0)) {
    throw new Error(`Cannot run "${name}": ${stdout}${stderr}`);
  }
  return {
    isFound,
    checks: isFound ? [name] : [],
    seed: null,
    repro: null,
    said: stdout + stderr,
  };
}

async function byScenario(
  folder: string,
  { scenario, seeds, check }: ByScenario,
): Promise<Judged> {
  const path = join(folder, "mutant.json");
  await Deno.writeTextFile(path, JSON.stringify(scenario));
  const out = join(folder, "result.json");
  const { code, stdout, stderr } = await simulate(folder, [
    "sim/main.ts",
    path,
    `--seeds=${seeds}`,
    `--json=${out}`,
  ]);
  const said = stdout + stderr;
  if (code === 1 || code === 2) {
    const checks = [`exit code ${code}`];
    return { isFound: false, checks, seed: null, repro: null, said };
  }
  const results: RunResult[] = JSON.parse(await Deno.readTextFile(out));
  const failed = (each: RunResult) =>
    each.checks.filter(({ ok }) => !ok).map(({ id }) => id);
  const shown = results.find((each) => failed(each).includes(check));
  const checks = [...new Set(results.flatMap(failed))];
  const seed = shown?.seed ?? null;
  const repro = seed === null
    ? null
    : join(folder, `mutant-${seed}.repro.json`);
  return { isFound: shown !== undefined, checks, seed, repro, said };
}

/** Runs an entry of the simulator in the copy. */
export function simulate(
  folder: string,
  args: readonly string[],
): Promise<Ended> {
  const access = ["--allow-read", "--allow-write"];
  return deno(folder, ["run", "--quiet", "--no-check", ...access, ...args]);
}

async function deno(folder: string, args: readonly string[]): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** As many processes at a time as keep two cores busy. */
const LANES = 2;

/** Acts on each, two at a time, each time in a copy that is unchanged. */
export async function eachInCopy<Each>(
  all: readonly Each[],
  act: (folder: string, each: Each) => Promise<void>,
): Promise<void> {
  const waiting = all.values();
  const lane = () =>
    inCopy(async (folder) => {
      for (const each of waiting) await act(folder, each);
    });
  await Promise.all(Array.from({ length: LANES }, lane));
}
