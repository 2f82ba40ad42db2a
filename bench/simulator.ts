/**
 * `simulator.mm1` and `simulator.phold`: events in a second of the simulator's
 * engine beside SimPy and SIM.JS on the same models. Each model is written as
 * the engine's own documents do it: on the bare event queue in ours, which has
 * nothing above it but actors; as processes in SimPy; as entities in SIM.JS.
 * So the ratio is between engines with their ways of modeling, not between
 * heaps. Each program draws from its own generator and checks its own results.
 *
 * `simulator.shop`: messages in a second of the whole shop with all checkers,
 * which has no peer. A message is what `RunResult.messages` counts.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Arm, denoArm } from "./actors/arms.ts";
import { besideArms, type Contest, holdContest } from "./actors/contest.ts";
import { type Figures, perSecond } from "./actors/figures.ts";
import { type Benchmark, median, type RunOptions } from "./benchmark.ts";
import { needPrograms, SIMPY } from "./programs.ts";

const SIMPY_NAME = "SimPy 2.3";
const SIMJS_NAME = "SIM.JS 2.0";

/** Of both models, as in published figures of M/M/1. */
const EVENTS = 1_000_000;
/** Of the record minute at a tenth: 117,000 orders, 760,000 messages. */
const SHOP_MS = 2_000;
/** Messages in a second, on one core. */
const SHOP_FLOOR = 800_000;
const SHOP_AIM = 2_000_000;
/** "At least ten times as fast" as either. */
const TIMES = 10;

/** Debian's SimPy belongs to Debian's Python, not to another one in the path. */
const PYTHON = "/usr/bin/python3";

const OURS_MAIN = import.meta.resolve("./simulator/main.ts");
const SIMPY_MAIN = fileURLToPath(import.meta.resolve("./peers/simpy/main.py"));

/** It reads its scenario; the other models read nothing. */
export const SHOP_ARM = denoArm("ours", OURS_MAIN, ["--allow-read"]);

/** Ours first, then the peers. SimPy must be installed. */
export const SIMULATOR_ARMS: readonly Arm[] = [
  denoArm("ours", OURS_MAIN),
  { name: SIMPY_NAME, command: [PYTHON, SIMPY_MAIN] },
  denoArm(SIMJS_NAME, import.meta.resolve("./peers/simjs/main.ts")),
];

function contest(task: string, summary: string): Contest {
  return {
    name: `simulator.${task}`,
    summary,
    task,
    sizes: { n: EVENTS },
    count: ({ n }) => n,
    metrics: [{
      metric: `${summary}: events`,
      unit: "/s",
      of: perSecond,
      goals: [
        { against: SIMPY_NAME, floor: TIMES },
        { against: SIMJS_NAME, floor: TIMES },
      ],
    }],
  };
}

const CONTESTS = [
  contest("mm1", "a simulated queue with one server"),
  contest("phold", "1,024 simulated messages under way"),
];

const SHOP: Contest = {
  name: "simulator.shop",
  summary: "the whole simulated shop with all checkers",
  task: "shop",
  sizes: { n: SHOP_MS },
  count: ({ n }) => n,
  metrics: [
    {
      metric: "the whole simulated shop, all checkers: messages",
      unit: "/s",
      of: eachSecond("messages"),
      goals: [{ against: null, floor: SHOP_FLOOR, aim: SHOP_AIM }],
    },
    {
      metric: "the whole simulated shop, all checkers: events",
      unit: "/s",
      of: eachSecond("events"),
    },
  ],
};

function eachSecond(what: string): (figures: Figures) => number {
  return ({ more, seconds }) => (more[what] ?? 0) / median(seconds);
}

/** See the module. */
export const SIMULATOR: readonly Benchmark[] = [
  ...CONTESTS.map((each) => ({
    name: each.name,
    summary: each.summary,
    async run(options: RunOptions) {
      await needPrograms(SIMPY);
      return await holdContest(each, SIMULATOR_ARMS, options);
    },
  })),
  besideArms(SHOP, [SHOP_ARM]),
];
