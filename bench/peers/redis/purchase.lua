-- A purchase as shops do it on Redis today, in one script and so atomically:
-- the idempotency key, the limit per buyer, the conditional decrement of every
-- line, and the order as a hash.
--
-- KEYS  1 idempotency key, 2 order, 3 what the buyer has, 4 … stock of a line
-- ARGV  1 the request as text, 2 limit per buyer, 3 seconds to keep the key,
--       4 placed at, 5 reserved until, then SKU and quantity of each line
-- Gives the refusal alone, or "placed" / "replayed" and the order's fields:
-- key of the order, placed at, reserved until, then a price for each line.

local prior = redis.call("HMGET", KEYS[1], "request", "order")
if prior[1] then
  if prior[1] ~= ARGV[1] then return { "idempotency-key-reused" } end
  local order = redis.call("HMGET", prior[2], "placed", "until", "prices")
  return { "replayed", prior[2], order[1], order[2], order[3] }
end

local prices = {}
for line = 1, #KEYS - 3 do
  local sku, quantity = ARGV[4 + 2 * line], tonumber(ARGV[5 + 2 * line])
  local stock = redis.call("HMGET", KEYS[3 + line], "available", "price")
  if not stock[1] then return { "not-found" } end
  local owned = tonumber(redis.call("HGET", KEYS[3], sku) or "0")
  if owned + quantity > tonumber(ARGV[2]) then return { "purchase-limit" } end
  if tonumber(stock[1]) < quantity then return { "sold-out" } end
  prices[line] = stock[2]
end

for line = 1, #KEYS - 3 do
  local sku, quantity = ARGV[4 + 2 * line], ARGV[5 + 2 * line]
  redis.call("HINCRBY", KEYS[3 + line], "available", -quantity)
  redis.call("HINCRBY", KEYS[3], sku, quantity)
end
local priced = table.concat(prices, ",")
redis.call("HSET", KEYS[2], "status", "awaiting_payment", "request", ARGV[1],
  "placed", ARGV[4], "until", ARGV[5], "prices", priced)
redis.call("HSET", KEYS[1], "request", ARGV[1], "order", KEYS[2])
redis.call("EXPIRE", KEYS[1], ARGV[3])
return { "placed", KEYS[2], ARGV[4], ARGV[5], priced }
