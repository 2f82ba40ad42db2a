/**
 * The commands of ownership as scripts, each whole or not at all. They may be
 * run twice, late, and in another order than they were sent in.
 *
 * Redis loses leases when it starts again without its data, with older data,
 * or fails over to a replica that lags behind. Each of these is a server with
 * another `run_id`: the first script that meets it notes the time, and for as
 * long as a lease lasts from then on nothing is given to anybody; whoever
 * still believes in a lost lease names it in a beat and has it again. A server
 * that does not say its `run_id` (users may be denied INFO) is trusted for as
 * long as it has its data.
 *
 * @module
 */
import {
  FENCE_KEPT_MS,
  RETURN_SAME_TOKEN,
  RETURN_TOKEN,
} from "./lease_scripts.ts";
import { redisScript } from "./redis_port.ts";

/**
 * Sets `now`, and `settles` to the milliseconds for which nothing is given.
 * KEYS[3]: since when this server has its data. ARGV[2]: how long leases last.
 * A clock that was set back makes it new as well.
 */
const LOOK_AT_SERVER = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local info = redis.pcall('INFO', 'server')
local server = type(info) == 'string' and string.match(info, 'run_id:(%w+)')
  or 'unnamed'
local since = redis.call('GET', KEYS[3]) or ''
local bornAt = tonumber(string.match(since, '^' .. server .. ' (%d+)$'))
if not bornAt or bornAt > now then
  bornAt = now
  redis.call('SET', KEYS[3], server .. ' ' .. now)
end
local settles = math.max(0, bornAt + ARGV[2] - now)`;

/**
 * KEYS: processes, sharers, since, lease time, then for each territory lease
 * and fence. The lease time is noted by the first who lives: whoever was let in
 * before it was, or while Redis had lost it, finds that out when he asks again.
 * ARGV: process, lease time, 1 when it wants a share, channel, then for each
 * territory the holder and fence of the process, or nothing. Gives processes,
 * sharers, how long nothing is given, and for each territory its holder, or
 * nothing, and the time left.
 */
export const BEAT = redisScript(`
${LOOK_AT_SERVER}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[1]) == 0 then
  redis.call('SET', KEYS[4], ARGV[2])
end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
local changed
if ARGV[3] == '1' then
  changed = redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])
else
  changed = redis.call('ZREM', KEYS[2], ARGV[1])
end
if changed == 1 then redis.call('PUBLISH', ARGV[4], ARGV[1]) end
local owners = {}
for at = 5, #ARGV, 2 do
  local lease, fence, holder = KEYS[at], KEYS[at + 1], ARGV[at]
  local owner = redis.call('GET', lease)
  if holder ~= '' and owner == holder then
    redis.call('PEXPIRE', lease, ARGV[2])
  elseif holder ~= '' then
    local last = tonumber(redis.call('GET', fence)) or 0
    if last < tonumber(ARGV[at + 1]) then
      redis.call('SET', lease, holder, 'PX', ARGV[2])
      redis.call('SET', fence, ARGV[at + 1], 'PX', '${FENCE_KEPT_MS}')
      owner = holder
    end
  end
  owners[#owners + 1] = owner or ''
  owners[#owners + 1] = owner and redis.call('PTTL', lease) or 0
end
return {
  redis.call('ZRANGE', KEYS[1], 0, -1),
  redis.call('ZRANGE', KEYS[2], 0, -1),
  settles,
  owners
}`);

/**
 * KEYS: lease, fence, since. ARGV: holder, lease time. Gives the fence, or the
 * milliseconds to wait as a number below zero, less one.
 */
export const TAKE = redisScript(`
${LOOK_AT_SERVER}
if settles > 0 then return -1 - settles end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  ${RETURN_TOKEN}
end
if redis.call('GET', KEYS[1]) == ARGV[1] then
  ${RETURN_SAME_TOKEN}
end
return -1 - redis.call('PTTL', KEYS[1])`);

/**
 * KEYS: processes, lease time. ARGV: lease time. Gives the lease time of those
 * who live; where nobody does, or none is known, it is the one given.
 */
export const AGREE = redisScript(`
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local known = redis.call('GET', KEYS[2])
if known and redis.call('ZCOUNT', KEYS[1], now, '+inf') > 0 then
  return known
end
redis.call('SET', KEYS[2], ARGV[1])
return ARGV[1]`);

/** KEYS: lease. ARGV: holder, channel, message. Gives 1 when it had it. */
export const FREE = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1`);

/** KEYS: processes, sharers. ARGV: process, channel. */
export const LEAVE = redisScript(`
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then
  redis.call('PUBLISH', ARGV[2], ARGV[1])
end`);
