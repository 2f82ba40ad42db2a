-- Requests of many users, each with a key of its own, and a count of every
-- status that came back. The plan (a Lua table, see load.ts) is the same for
-- all servers. Arguments: the file of the plan, and the name of this round,
-- which makes its keys new.

local plan, round
local heads, tails = {}, {}
local sent = 0

function init(args)
  plan = dofile(args[1])
  round = args[2]
  local host = "Host: " .. wrk.host .. ":" .. wrk.port .. "\r\n"
  for i, token in ipairs(plan.tokens) do
    heads[i] = "POST /v1/orders HTTP/1.1\r\n" .. host ..
      "Content-Type: application/json\r\nAuthorization: Bearer " .. token ..
      "\r\nIdempotency-Key: "
  end
  for i, sku in ipairs(plan.skus) do
    if plan.reads then
      tails[i] = "GET /v1/products/" .. sku .. " HTTP/1.1\r\n" .. host .. "\r\n"
    else
      local body = '{"lines":[{"sku":"' .. sku .. '","quantity":1}]}'
      tails[i] = "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
    end
  end
end

function request()
  sent = sent + 1
  local tail = tails[sent % #tails + 1]
  if plan.reads then return tail end
  local repeats = plan.repeats
  if #repeats > 0 and sent % plan.repeatEvery == 0 then
    -- User i bought with key i: the same request again.
    local i = (sent / plan.repeatEvery) % #repeats + 1
    return heads[i] .. repeats[i] .. tail
  end
  return heads[sent % #heads + 1] .. round .. "-" .. sent .. tail
end

statuses = {}
function response(status)
  statuses[status] = (statuses[status] or 0) + 1
end

local threads = {}
function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency)
  local counts = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("statuses")) do
      counts[#counts + 1] = '"' .. status .. '":' .. count
    end
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"seconds":%.6f,"p50Us":%d,"p99Us":%d,"broken":%d,"late":%d,' ..
      '"statuses":{%s}}\n',
    summary.duration / 1e6,
    latency:percentile(50),
    latency:percentile(99),
    errors.connect + errors.read + errors.write,
    errors.timeout,
    table.concat(counts, ",")
  ))
end
