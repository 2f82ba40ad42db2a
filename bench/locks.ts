/**
 * `locks.alone` and `locks.crowd`: a lock taken and released in a second, ours
 * beside redlock, on one Redis and through the same client. Ours gives a
 * fencing token with each lease; redlock has none. Redlock asks again after a
 * pause when a lock is held, so it stands in the crowd twice: as it comes, and
 * with pauses so short that it spends most of its time asking.
 *
 * @module
 */
import { type Arm, denoArm } from "./actors/arms.ts";
import { type Contest, holdContest, type Metric } from "./actors/contest.ts";
import { perSecond } from "./actors/figures.ts";
import type { Benchmark, Goal } from "./benchmark.ts";
import { Child } from "./edge/child.ts";
import { freePort, REDIS } from "./edge/servers.ts";
import { needPrograms } from "./programs.ts";

const REDLOCK = "redlock 5";
const HASTY_REDLOCK = "redlock 5, asking every 5 ms";

/** A figure of a round trip each needs some thousand to be steady. */
const ALONE = 2_000;
/** Of each waiter, so that all are there for most of the time. */
const TURNS = 10;
const WAITERS = 50;

/** ioredis reads the environment and the machine's name while it loads. */
const PERMISSIONS = [
  "--allow-net=127.0.0.1",
  "--allow-env",
  "--allow-read",
  "--allow-sys",
] as const;

/** Ours, then the peers, on the Redis at this port. */
function lockArms(port: number): readonly Arm[] {
  const arm = (name: string, url: string, ...args: string[]) =>
    denoArm(name, url, PERMISSIONS, [String(port), ...args]);
  const redlock = import.meta.resolve("./peers/redlock/main.ts");
  return [
    arm("ours", import.meta.resolve("./locks/main.ts")),
    arm(REDLOCK, redlock, "200"),
    arm(HASTY_REDLOCK, redlock, "5"),
  ];
}

function rate(metric: string, goals: readonly Goal[]): Metric {
  return { metric, unit: "/s", of: perSecond, goals };
}

/** How many of the arms take part: one redlock is enough where nobody waits. */
const CONTESTS: readonly (Contest & { readonly arms: number })[] = [
  {
    name: "locks.alone",
    summary: "take a lock and release it, nobody else wants it",
    task: "alone",
    sizes: { n: ALONE },
    count: ({ n }) => n,
    metrics: [rate("a lock nobody waits for: taken and released", [
      { against: REDLOCK, floor: 1 },
    ])],
    arms: 2,
  },
  {
    name: "locks.crowd",
    summary: `take a lock that ${WAITERS} want and release it, ` +
      `${TURNS} times each`,
    task: "crowd",
    sizes: { n: WAITERS * TURNS, actors: WAITERS },
    count: ({ n }) => n,
    metrics: [rate(`a lock that ${WAITERS} want: taken and released`, [
      { against: REDLOCK, floor: 2 },
      { against: HASTY_REDLOCK, floor: 2 },
    ])],
    arms: 3,
  },
];

/** See the module. */
export const LOCKS: readonly Benchmark[] = CONTESTS.map((contest) => ({
  name: contest.name,
  summary: contest.summary,
  async run(options) {
    await needPrograms("redis-server");
    await using redis = await startRedis();
    const arms = lockArms(redis.port).slice(0, contest.arms);
    return await holdContest(contest, arms, options);
  },
}));

/** A Redis in memory, as locks need no disk. */
async function startRedis(): Promise<AsyncDisposable & { port: number }> {
  const port = freePort();
  const { child } = await Child.start({
    ...REDIS,
    name: "redis-server",
    args: ["--port", String(port), "--bind", "127.0.0.1", "--save", ""],
  });
  return { port, [Symbol.asyncDispose]: () => child.stop() };
}
