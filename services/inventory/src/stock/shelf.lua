-- What the scripts of this folder share; it stands before each of them.
-- Keys: stock:<SKU> hash {on_hand, reserved}; order:<order id> hash {status, at, until, lines or short, settled_at,
-- settled_by}; adjustment:<event id> the packed answer. Times are texts, passed on untouched.

-- Seconds for which a settled order or an answer is kept.
local KEPT = take()

local function level(sku)
  local found = redis.call('HMGET', P .. 'stock:' .. sku, 'on_hand', 'reserved')
  return tonumber(found[1] or 0), tonumber(found[2] or 0)
end

-- Several items of one text and `width` - 1 numbers each, flat; their count comes first.
local function items(width)
  local flat = {}
  for i = 1, number() * width, width do
    flat[i] = take()
    for j = i + 1, i + width - 1 do flat[j] = number() end
  end
  return flat
end

-- Whether units change: not for what a snapshot has counted already.
local counting = true

local function count(field, lines, sign)
  if not counting then return end
  for i = 1, #lines, 2 do
    redis.call('HINCRBY', P .. 'stock:' .. lines[i], field, string.format('%.0f', sign * lines[i + 1]))
  end
end

-- What is set aside for an order, as SKUs with units.
local function held(order)
  local lines = redis.call('HGET', order, 'lines')
  return lines and cmsgpack.unpack(lines) or {}
end

local function mark_short(order, at, short)
  redis.call('HSET', order, 'status', 'short', 'at', at, 'short', cmsgpack.pack(short))
  redis.call('EXPIRE', order, KEPT)
end

-- The key has no end while its units count as reserved; whoever settles the order gives it one.
local function set_aside(order, at, valid_until, lines)
  count('reserved', lines, 1)
  redis.call('HSET', order, 'status', 'reserved', 'at', at, 'until', valid_until, 'lines', cmsgpack.pack(lines))
  redis.call('PERSIST', order)
end

-- Ends a reservation: `released` or `shipped`. `gone` has left the shelf.
local function settle(order, ending, at, cause, gone)
  count('reserved', held(order), -1)
  count('on_hand', gone, -1)
  redis.call('HSET', order, 'status', ending, 'settled_at', at, 'settled_by', cause)
  redis.call('HDEL', order, 'lines')
  redis.call('EXPIRE', order, KEPT)
end
