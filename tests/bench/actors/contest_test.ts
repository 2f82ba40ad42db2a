import assert from "node:assert/strict";
import type { Arm } from "../../../bench/actors/arms.ts";
import { type Contest, holdContest } from "../../../bench/actors/contest.ts";
import { perSecond } from "../../../bench/actors/figures.ts";
import { BenchmarkError } from "../../../bench/benchmark.ts";
import { granted } from "../../permission.ts";

const ignore = !granted("run");

const CONTEST: Contest = {
  name: "actors.ring",
  summary: "",
  task: "ring",
  sizes: { n: 10, actors: 2 },
  count: ({ n, actors }) => n * actors,
  metrics: [{
    metric: "hops",
    unit: "/s",
    of: perSecond,
    goals: [{ against: "peer", floor: 2 }],
  }],
};

/** An arm that prints what it was called with as its figures. */
function arm(name: string, seconds: number, count = 20): Arm {
  const code = `const [name, milliseconds, ...sizes] = Deno.args;
    const given = Object.fromEntries(sizes.map((size) => size.split("=")));
    console.log(JSON.stringify({ name, count: ${count}, seconds: [${seconds}],
      more: { milliseconds: +milliseconds, n: +given.n } }));`;
  return { name, command: [Deno.execPath(), "eval", "--quiet", code, "--"] };
}

async function hold(arms: readonly Arm[], contest = CONTEST) {
  const steps: string[] = [];
  let planned = 0;
  const results = await holdContest(contest, arms, {
    rounds: 2,
    roundSeconds: 3,
    folder: "",
    plan: (more) => planned += more,
    step: (what) => steps.push(what),
  });
  return { results, steps, planned };
}

Deno.test({
  name: "the arms of a contest take turns, and ours is compared with each",
  ignore,
  async fn() {
    const { results, steps, planned } = await hold([
      arm("ours", 0.5),
      arm("peer", 2),
    ]);
    const turn = ["actors.ring: ours", "actors.ring: peer"];
    assert.deepEqual(steps, [...turn, ...turn]);
    assert.equal(planned, 4);
    const [{ ours, peers, ratio, runs, goals }] = results as [
      typeof results[0],
    ];
    assert.deepEqual([ours, peers, ratio], [40, { peer: 10 }, { peer: 4 }]);
    assert.deepEqual([runs, goals.length], [2, 1]);
  },
});

Deno.test({
  name: "a contest may have rounds of its own, and shares a round's seconds",
  ignore,
  async fn() {
    const times = {
      metric: "time",
      unit: "ms",
      of: (figures: { more: Readonly<Record<string, number>> }) =>
        figures.more["milliseconds"] ?? NaN,
    };
    const once = {
      ...CONTEST,
      rounds: (asked: number) => asked - 1,
      metrics: [times],
    };
    const { results } = await hold([arm("ours", 1), arm("peer", 1)], once);
    const [{ ours, peers, runs }] = results as [typeof results[0]];
    assert.deepEqual([ours, peers, runs], [1500, { peer: 1500 }, 1]);
  },
});

Deno.test({
  name: "an arm that fails, or did less than it had to, ends the contest",
  ignore,
  async fn() {
    const broken: Arm = {
      name: "peer",
      command: [Deno.execPath(), "eval", "--quiet", "throw 'lost money'"],
    };
    await assert.rejects(
      hold([arm("ours", 1), broken]),
      (error) =>
        error instanceof BenchmarkError &&
        /^peer, ring failed: .*lost money/.test(error.message),
    );
    await assert.rejects(
      hold([arm("ours", 1), arm("peer", 1, 19)]),
      /peer gave no figures of ring as it had to do 20/,
    );
  },
});
