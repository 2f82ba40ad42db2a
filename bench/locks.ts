/**
 * `locks.alone` and `locks.crowd`: a lock taken and released in a second, ours
 * beside redlock, on one Redis and through the same client. Ours gives a
 * fencing token with each lease; redlock has none. Redlock asks again after a
 * pause when a lock is held, so it stands in the crowd twice: as it comes, and
 * with pauses so short that it spends most of its time asking.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Arm } from "./actors/arms.ts";
import { type Contest, holdContest, type Metric } from "./actors/contest.ts";
import { perSecond } from "./actors/figures.ts";
import { type Benchmark, BenchmarkError, type Goal } from "./benchmark.ts";
import { needPrograms } from "./programs.ts";

const REDLOCK = "redlock 5";
const HASTY_REDLOCK = "redlock 5, asking every 5 ms";

/** A figure of a round trip each needs some thousand to be steady. */
const ALONE = 2_000;
/** Of each waiter, so that all are there for most of the time. */
const TURNS = 10;
const WAITERS = 50;

/** ioredis reads the environment and the machine's name while it loads. */
const DENO = [
  Deno.execPath(),
  "run",
  "--quiet",
  "--no-prompt",
  "--no-check",
  "--allow-net=127.0.0.1",
  "--allow-env",
  "--allow-read",
  "--allow-sys",
] as const;

const OURS_MAIN = fileURLToPath(import.meta.resolve("./locks/main.ts"));
const REDLOCK_MAIN = fileURLToPath(
  import.meta.resolve("./peers/redlock/main.ts"),
);

/** Ours, then the peers, on the Redis at this port. */
export function lockArms(port: number): readonly Arm[] {
  return [
    { name: "ours", command: [...DENO, OURS_MAIN, String(port)] },
    { name: REDLOCK, command: [...DENO, REDLOCK_MAIN, String(port), "200"] },
    {
      name: HASTY_REDLOCK,
      command: [...DENO, REDLOCK_MAIN, String(port), "5"],
    },
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

/** Starting takes 20 ms. */
const READY_WITHIN_MS = 10_000;

/** A Redis in memory, as locks need no disk. */
async function startRedis(): Promise<AsyncDisposable & { port: number }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const child = new Deno.Command("redis-server", {
    args: ["--port", `${port}`, "--bind", "127.0.0.1", "--save", ""],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    child.kill("SIGKILL");
    await child.status;
  };
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  while (!await isListening(port)) {
    if (performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      continue;
    }
    await stop();
    throw new BenchmarkError("redis-server does not answer");
  }
  return { port, [Symbol.asyncDispose]: stop };
}

async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    // Not there yet.
    return false;
  }
}
