-- What the scripts of this folder share; it stands before each of them.
-- Keys: stock:<SKU> hash {on_hand, reserved}; order:<order id> hash {status, at, until, lines or short, settled_at,
-- settled_by}; adjustment:<event id> the packed answer. Times are texts, passed on untouched.

-- Seconds for which a settled order or an answer is kept.
local KEPT = take()

-- 2^53 - 1: up to here Lua's numbers are exact.
local MOST = 9007199254740991

-- Stock as this call has read it, and what it has added since: a SKU that many orders want is read once, and each field
-- written once. Invariant: a script that adds ends with `put_back`.
local read, added = {}, { on_hand = {}, reserved = {} }

local function put(field, sku)
  redis.call('HINCRBY', P .. 'stock:' .. sku, field, string.format('%.0f', added[field][sku]))
  read[sku], added[field][sku] = nil, nil
end

local function put_back()
  for field, by_sku in pairs(added) do
    for sku in pairs(by_sku) do put(field, sku) end
  end
end

local function add(field, sku, units)
  local sum = (added[field][sku] or 0) + units
  -- A rebuild adds in any order, and may pass what is exact: Redis counts further.
  if sum > MOST or sum < -MOST then
    put(field, sku)
    sum = units
  end
  added[field][sku] = sum
end

local function level(sku)
  local stored = read[sku] or redis.call('HMGET', P .. 'stock:' .. sku, 'on_hand', 'reserved')
  read[sku] = stored
  local on_hand, reserved = tonumber(stored[1] or 0), tonumber(stored[2] or 0)
  return on_hand + (added.on_hand[sku] or 0), reserved + (added.reserved[sku] or 0)
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
  for i = 1, #lines, 2 do add(field, lines[i], sign * lines[i + 1]) end
end

-- What a field `lines` says is set aside, as SKUs with units. An order that has ended holds '0' there: dropping the
-- field would be one command more.
local function held(lines)
  return lines and lines ~= '0' and cmsgpack.unpack(lines) or {}
end

local function mark_short(order, at, short)
  redis.call('HSET', order, 'status', 'short', 'at', at, 'short', cmsgpack.pack(short))
  redis.call('EXPIRE', order, KEPT)
end

local function set_aside(order, at, valid_until, lines)
  count('reserved', lines, 1)
  redis.call('HSET', order, 'status', 'reserved', 'at', at, 'until', valid_until, 'lines', cmsgpack.pack(lines))
end

-- Ends a reservation: `released` or `shipped`. `lines` were set aside, `gone` has left the shelf.
local function settle(order, ending, at, cause, lines, gone)
  count('reserved', lines, -1)
  count('on_hand', gone, -1)
  redis.call('HSET', order, 'status', ending, 'settled_at', at, 'settled_by', cause, 'lines', '0')
  redis.call('EXPIRE', order, KEPT)
end
