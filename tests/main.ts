/**
 * The test command: `deno task test` runs everything that must pass before a
 * change lands, `deno task ok` its fast part, and `deno task test-zookeeper`
 * the tests of what is too large to be installed for each of them. Each step
 * is a command of its own; a tool counts as one test, a test run as what its
 * report says.
 *
 * Where a test lives decides when it runs: `*_slow_test.ts` and everything in
 * the folder of a service (`tests/browser/`, `tests/cluster/redis/`) only in
 * the full run, most of it one file at a time, since they start processes;
 * every other `*_test.ts` in both, files in parallel. Quiet in a pipe, but a
 * failure is printed whole.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { parseArgs } from "node:util";
import { addUp, type Count, lastLine } from "./runner/count.ts";
import {
  installMissing,
  isThere,
  type Service,
  SERVICES,
  ZOOKEEPER,
} from "./runner/services.ts";
import { runStep, type Step } from "./runner/step.ts";

const HELP = `Usage: deno task test | deno task ok | deno task test-zookeeper

test            everything: format, lint, types, docs, unit, integration, browser
ok              the fast part: format, lint, types, docs, unit
test-zookeeper  locks over ZooKeeper, which test leaves out

With CI=true in the environment a skipped test is a failure.`;

const SLOW = "tests/**/*_slow_test.ts";
const SERVED = [...SERVICES, ZOOKEEPER].map((service) => service.folder);
// Types are checked once, by the step "types"; so no test run repeats it.
const TEST = ["test", "--no-check", "--permit-no-files", "-A"];

const FAST_STEPS: readonly Step[] = [
  { name: "format", command: ["fmt", "--check"], report: false },
  { name: "lint", command: ["lint"], report: false },
  { name: "types", command: ["check", "."], report: false },
  { name: "docs", command: ["doc", "--lint", "mod.ts"], report: false },
  {
    name: "unit",
    command: [...TEST, "--parallel", `--ignore=${[SLOW, ...SERVED]}`],
    report: true,
  },
];

const SLOW_STEPS: readonly Step[] = [
  {
    name: "examples",
    // Only here are the types of what documents show checked.
    command: ["test", "-A", "--doc", "mod.ts", "docs/guide.md", "README.md"],
    report: false,
  },
  {
    name: "package",
    command: ["publish", "--dry-run", "--allow-dirty"],
    report: false,
  },
  {
    name: "slow",
    command: [...TEST, `--ignore=${SERVED}`, SLOW],
    report: true,
  },
  // What needs no permission runs, the rest says so: a promise to everyone who
  // types `deno test` first.
  { name: "plain deno test", command: ["test"], report: false },
];

type Part = "all" | "fast" | "zookeeper";

const NEEDED: Readonly<Record<Part, readonly Service[]>> = {
  all: SERVICES,
  fast: [],
  zookeeper: [ZOOKEEPER],
};

function serviceStep({ folder, package: name, waits }: Service): Step {
  const parallel = waits ? ["--parallel"] : [];
  return { name, command: [...TEST, ...parallel, folder], report: true };
}

/** The steps to run; those about `mod.ts` once there is one. */
function plan(part: Part, services: readonly Service[]): Step[] {
  if (part === "zookeeper") return services.map(serviceStep);
  const steps = part === "fast"
    ? FAST_STEPS
    : [...FAST_STEPS, ...SLOW_STEPS, ...services.map(serviceStep)];
  return steps.filter(({ command }) =>
    !command.includes("mod.ts") || isThere("mod.ts")
  );
}

/** Says what is skipped and how to have it; one skip for each service. */
function skip({ package: name, purpose }: Service): Count {
  console.log(
    `skipped: ${purpose}, which need ${name}. To run them: ` +
      `apt-get install ${name}`,
  );
  return { passed: 0, failed: 0, skipped: 1 };
}

async function main(): Promise<void> {
  Deno.chdir(new URL("..", import.meta.url));
  const { values } = parseArgs({
    options: {
      fast: { type: "boolean" },
      zookeeper: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return console.log(HELP);

  const part = values.zookeeper ? "zookeeper" : values.fast ? "fast" : "all";
  const { ready, missing } = await installMissing(NEEDED[part]);
  const counts = missing.map(skip);
  for (const step of plan(part, ready)) {
    const result = await runStep(step);
    if (result.complaint !== "") console.log(result.complaint);
    counts.push(result.count);
  }
  const total = addUp(counts, Deno.env.get("CI") === "true");
  console.log(lastLine(total));
  if (total.failed > 0) Deno.exit(1);
}

try {
  await main();
} catch (error) {
  // parseArgs names the wrong option; anything else is a bug and shows itself.
  if (!(error instanceof TypeError && "code" in error)) throw error;
  console.error(`Expected no option but --help, found: ${error.message}`);
  Deno.exit(2);
}
