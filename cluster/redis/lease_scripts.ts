/**
 * The commands of leases as scripts, since each must happen whole or not at
 * all: SETNX and then EXPIRE leaves a lock for ever when the caller dies in
 * between; GET and then DEL removes the lock of whoever came in between.
 *
 * The fencing token is the larger of "one more than the last" and the server's
 * time in microseconds. So it grows while the counter is there, whatever the
 * clock does, and while the clock is right, even when the counter is lost.
 * Microseconds since 1970 are exact in a double until the year 2255.
 *
 * @module
 */
import { redisScript } from "./redis_port.ts";

/**
 * A week, which is the longest lease, and a day: a clock that is set back by
 * less than a day gives no token twice.
 */
export const FENCE_KEPT_MS = 8 * 24 * 3_600_000;

/*
 * Functions in a script are made anew in each run and cost more than what they
 * do; so these pieces of text are put in where they are needed.
 */

/**
 * Returns the token of a lease that was just given, as text. KEYS: lock, fence,
 * and whatever else. The clock is ahead
 * of the counter but for a clock that was set back; so one command, which
 * writes and reads (Redis 6.2 and later), mostly does.
 */
export const RETURN_TOKEN = `
  local time = redis.call('TIME')
  local fence = time[1] .. string.sub(1000000 + time[2], 2)
  local last = redis.call('SET', KEYS[2], fence, 'PX', '${FENCE_KEPT_MS}', 'GET')
  if last and tonumber(last) >= tonumber(fence) then
    fence = string.format('%.0f', last + 1)
    redis.call('SET', KEYS[2], fence, 'PX', '${FENCE_KEPT_MS}')
  end
  return fence`;

/** Returns the token of a lease that the owner has, or of a new one. */
export const RETURN_SAME_TOKEN = `
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  local same = redis.call('GET', KEYS[2])
  if same then return same end
  ${RETURN_TOKEN}`;

/**
 * Gives KEYS[1] to ARGV[1] for ARGV[2] ms. Who has it already has it anew,
 * under the same token. KEYS: lock, fence, waiting. ARGV: owner, ttl, how long
 * it is remembered that somebody waits (none: nobody does). Gives the token,
 * or the milliseconds left to another as a number below zero, less one.
 */
export const TAKE_ANY = redisScript(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  ${RETURN_TOKEN}
end
if redis.call('GET', KEYS[1]) == ARGV[1] then
  ${RETURN_SAME_TOKEN}
end
if ARGV[3] then redis.call('SET', KEYS[3], '1', 'PX', ARGV[3]) end
return -1 - redis.call('PTTL', KEYS[1])`);

/**
 * The same in order of arrival. KEYS[3] is the line: owners by a number that
 * grows. KEYS[4] says until when each is believed to wait, in ms.
 */
export const TAKE_IN_LINE = redisScript(`
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now)) do
  redis.call('ZREM', KEYS[3], gone)
  redis.call('ZREM', KEYS[4], gone)
end
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then
  ${RETURN_SAME_TOKEN}
end
local first = redis.call('ZRANGE', KEYS[3], 0, 0)[1]
if not holder and (not first or first == ARGV[1]) then
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  ${RETURN_TOKEN}
end
if ARGV[3] then
  local last = tonumber(redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')[2])
  redis.call('ZADD', KEYS[3], 'NX', (last or 0) + 1, ARGV[1])
  redis.call('ZADD', KEYS[4], now + ARGV[3], ARGV[1])
  redis.call('PEXPIRE', KEYS[3], 2 * ARGV[3])
  redis.call('PEXPIRE', KEYS[4], 2 * ARGV[3])
end
return holder and -1 - redis.call('PTTL', KEYS[1]) or -1`);

/** KEYS: lock. ARGV: owner, ttl. Gives 1 when the owner had it. */
export const EXTEND = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`);

/**
 * The channel that all locks of a prefix share. It is told who is the next in
 * line, or \`-\`, and the lock's key.
 */
const CHANNEL = "string.match(KEYS[1], '^(.-):{') .. ':free'";

/**
 * KEYS: lock, waiting. ARGV: owner. Gives 1 when the owner had it, 2 when
 * besides others were told.
 */
export const FREE_ANY = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if redis.call('DEL', KEYS[1], KEYS[2]) == 1 then return 1 end
redis.call('PUBLISH', ${CHANNEL}, '- ' .. KEYS[1])
return 2`);

/** The same, and out of the line. KEYS: lock, line, patience. */
export const FREE_IN_LINE = redisScript(`
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
local first = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
if first then
  redis.call('PUBLISH', ${CHANNEL}, first .. ' ' .. KEYS[1])
end
if not holder then return 0 end
return first and 2 or 1`);

/**
 * Makes the token of a lease at least ARGV[2]. KEYS: lock, fence. ARGV: owner,
 * token. Gives 1 when the owner has the lock.
 */
export const RAISE = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local last = tonumber(redis.call('GET', KEYS[2])) or 0
if last < tonumber(ARGV[2]) then
  redis.call('SET', KEYS[2], ARGV[2], 'PX', '${FENCE_KEPT_MS}')
end
return 1`);
