/**
 * The token buckets that the processes of a shop share, in Redis: one script
 * counts what a process took from several of them. A bucket is a hash: its
 * level, when it was right, and for each process how much of what it ever took
 * is counted. All keys of a shop share a hash tag, so that one script may name
 * several in a Redis Cluster. Time is Redis' own.
 *
 * A bucket that is full is forgotten. One that Redis does not know, also as it
 * has lost its data, is what the first process that tells of it believes.
 *
 * @module
 */
import type { Clock } from "../../actors/runtime/ports.ts";
import type { LimitStore, Told } from "../limiters/shared_limits.ts";
import type { Telling } from "../limiters/shared_bucket.ts";
import { type RedisAnswer, type RedisPort, redisScript } from "./redis_port.ts";

/**
 * A bucket that has filled up is kept for a minute: longer than a client tries
 * to send a command again, which then finds it counted.
 */
const KEPT_MS = 60_000;

/**
 * Processes that one bucket remembers; more lives than that it sees only when
 * it never fills up. It then forgets all: what is told again counts twice.
 */
const MOST_PROCESSES = 256;

/** Values of a bucket among the arguments. */
const VALUES = 5;

/**
 * KEYS: buckets. ARGV: the process, then of each bucket its burst, its rate,
 * the level it has where Redis does not know it, what the process knows to be
 * counted of what it took, and all that it took. Gives each level. Levels are
 * in micro-tokens.
 */
const COUNT = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local process = ARGV[1]
local levels = {}
for bucket, key in ipairs(KEYS) do
  local from = ${VALUES} * bucket - ${VALUES - 2}
  local full = ARGV[from] * 1000000
  local rate = tonumber(ARGV[from + 1])
  local told = tonumber(ARGV[from + 3])
  local taken = tonumber(ARGV[from + 4])
  local level = tonumber(ARGV[from + 2])
  local known = redis.call('HMGET', key, 'level', 'at', process)
  if not known[1] then
    told = taken
  else
    level = math.min(full, known[1] + math.max(0, now - known[2]) * rate)
    if known[3] then
      told = math.max(told, tonumber(known[3]))
    elseif redis.call('HLEN', key) > ${MOST_PROCESSES} then
      redis.call('DEL', key)
    end
    if taken > told then
      level = level - (taken - told) * 1000000
      told = taken
    end
  end
  redis.call('HSET', key, 'level', level, 'at', now, process, told)
  redis.call('PEXPIRE', key,
    math.ceil((full - level) / rate / 1000) + ${KEPT_MS})
  levels[bucket] = level
end
return levels`);

/** Where the buckets are. */
export interface RedisLimitsOptions {
  readonly redis: RedisPort;
  /** What keys begin with, with the hash tag: `doorbuster:{1f0c…}:`. */
  readonly prefix: string;
  /** The name of this process in this life. */
  readonly process: string;
  readonly clock: Clock;
}

/** See the module. */
export class RedisLimits implements LimitStore {
  readonly #options: RedisLimitsOptions;

  /** @throws {RangeError} When the prefix has no hash tag. */
  constructor(options: RedisLimitsOptions) {
    if (!/\{[^{}]+\}/.test(options.prefix)) {
      throw new RangeError(
        "Cannot keep limits under a prefix without a hash tag in braces: " +
          `current value is "${options.prefix}"`,
      );
    }
    this.#options = options;
  }

  tell: LimitStore["tell"] = (tellings, done) => {
    const { redis, prefix, process, clock } = this.#options;
    const keys = tellings.map(({ key }) => `${prefix}limit:${key}`);
    const args = [process];
    for (const telling of tellings) args.push(...valuesOf(telling));
    redis.run(COUNT, keys, args).then((answer) =>
      done(read(answer, tellings.length), clock.monotonicMs())
    );
  };
}

function valuesOf(telling: Telling): string[] {
  return [
    String(telling.burst),
    String(telling.ratePerSecond),
    String(telling.microTokens),
    String(telling.toldTokens),
    String(telling.takenTokens),
  ];
}

function read(answer: RedisAnswer, count: number): Told {
  if (answer.kind !== "ok") return { kind: "failed", reason: answer.reason };
  const levels: unknown = answer.value;
  return Array.isArray(levels) && levels.length === count &&
      levels.every((level) => Number.isSafeInteger(level))
    ? { kind: "ok", microTokens: levels }
    : { kind: "failed", reason: "an answer that is no list of levels" };
}
