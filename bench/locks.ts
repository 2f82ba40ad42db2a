/**
 * `locks.alone` and `locks.crowd`: a lock taken and released in a second, ours
 * beside redlock, on one Redis and through the same client. Ours gives a
 * fencing token with each lease; redlock has none. Redlock asks again after a
 * pause when a lock is held, so it stands in the crowd twice: as it comes, and
 * with pauses so short that it spends most of its time asking.
 *
 * `locks.stores` and `locks.stores_crowd`: the same over each of our stores.
 * There are no goals: Redis forgets when its power fails, the others do not.
 *
 * @module
 */
import { type Arm, denoArm } from "./actors/arms.ts";
import { type Contest, holdContest, type Metric } from "./actors/contest.ts";
import { perSecond } from "./actors/figures.ts";
import type { Benchmark, Goal } from "./benchmark.ts";
import { startPostgres, startRedis, startZooKeeper } from "./locks/stores.ts";

const REDLOCK = "redlock 5";
const HASTY_REDLOCK = "redlock 5, asking every 5 ms";
const OVER_POSTGRES = "ours over PostgreSQL";
const OVER_ZOOKEEPER = "ours over ZooKeeper";

/** A figure of a round trip each needs some thousand to be steady. */
const ALONE = 2_000;
/** Of each waiter, so that all are there for most of the time. */
const TURNS = 10;
const WAITERS = 50;
/** Of one that waits for a disk each time. */
const STORE_TURNS = 200;

/** ioredis reads the environment and the machine's name while it loads. */
const PERMISSIONS = [
  "--allow-net=127.0.0.1",
  "--allow-env",
  "--allow-read",
  "--allow-sys",
] as const;

/** Ours over a kind of store at this port. */
function ourArm(name: string, store: string, port: number): Arm {
  const url = import.meta.resolve("./locks/main.ts");
  return denoArm(name, url, PERMISSIONS, [store, String(port)]);
}

/** Ours, then the peers, on the Redis at this port. */
function lockArms(port: number): readonly Arm[] {
  const url = import.meta.resolve("./peers/redlock/main.ts");
  const redlock = (name: string, everyMs: string) =>
    denoArm(name, url, PERMISSIONS, [String(port), everyMs]);
  return [
    ourArm("ours", "redis", port),
    redlock(REDLOCK, "200"),
    redlock(HASTY_REDLOCK, "5"),
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

/** Over every store. */
const STORE_CONTESTS: readonly Contest[] = [
  {
    name: "locks.stores",
    summary: "take a lock and release it, over Redis, PostgreSQL, ZooKeeper",
    task: "alone",
    sizes: { n: STORE_TURNS },
    count: ({ n }) => n,
    metrics: [rate("a lock nobody waits for, over each store", [])],
  },
  {
    name: "locks.stores_crowd",
    summary: `the same when ${WAITERS} want it`,
    task: "crowd",
    sizes: { n: STORE_TURNS, actors: WAITERS },
    count: ({ n }) => n,
    metrics: [rate(`a lock that ${WAITERS} want, over each store`, [])],
  },
];

/** See the module. */
export const LOCKS: readonly Benchmark[] = [
  ...CONTESTS.map((contest): Benchmark => ({
    name: contest.name,
    summary: contest.summary,
    async run(options) {
      await using redis = await startRedis();
      const arms = lockArms(redis.port).slice(0, contest.arms);
      return await holdContest(contest, arms, options);
    },
  })),
  ...STORE_CONTESTS.map((contest): Benchmark => ({
    name: contest.name,
    summary: contest.summary,
    async run(options) {
      await using redis = await startRedis();
      await using postgres = await startPostgres();
      await using zookeeper = await startZooKeeper();
      const arms = [
        ourArm("ours", "redis", redis.port),
        ourArm(OVER_POSTGRES, "postgres", postgres.port),
        ourArm(OVER_ZOOKEEPER, "zookeeper", zookeeper.port),
      ];
      return await holdContest(contest, arms, options);
    },
  })),
];
