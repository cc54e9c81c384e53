-- Windows of recent orders: sorted sets scored by placed_at (microseconds), bounded in time and count.
--
-- Invariant: what a window holds is a function of the set of orders it was given, whatever their sequence, because
-- both bounds keep an upper part of the set. That is why a rebuild, which reads in another sequence, gives the same.
-- Invariant: what an order sees is placed at or before it; what is placed later never counts, even if seen earlier.
-- src/windows.rs is the twin of this file; a property test holds the two to each other.

local SECOND = 1000000
local DAY = 86400 * SECOND
-- How much later than its successors an order may arrive and still find its windows whole.
local LATE = DAY
-- A customer's own orders (the profile), and the orders that share a card, a device, an address or an IP.
local OWN = { span = 90 * DAY, cap = 256 }
local SHARED = { span = 7 * DAY, cap = 32 }

-- Entries have fields of fixed width, the amount last: cutting is several times faster than matching a pattern.
local NO_DEVICE = '--------'

-- One order from the arguments, as Sighting::push_to writes it. Fingerprints name keys; 8 digits mark entries.
local function read_order()
  local order = {
    event = take(), placed = number(), mark = take(), amount = number(), currency = take(),
    customer = take(), card = take(), device = take(), address = take(), ip = take(),
  }
  order.customer_mark = string.sub(order.customer, 1, 8)
  order.card_mark = string.sub(order.card, 1, 8)
  order.device_mark = order.device == '' and NO_DEVICE or string.sub(order.device, 1, 8)
  order.address_mark = string.sub(order.address, 1, 8)
  return order
end

local function whole(value) return string.format('%.0f', value) end

-- Everything in a window: entry, time, entry, time, ..., oldest first.
local function entries(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end

-- Adds an order to a window that held `seen`. `age` is 0 in live work; in a rebuild, the seconds since the order was
-- decided, so that the key ends when it would have ended without the rebuild.
local function remember(key, seen, order, entry, window, age)
  local ttl = (window.span + 2 * LATE) / SECOND - age
  if ttl <= 0 then return end
  redis.call('ZADD', key, whole(order.placed), entry)
  if #seen / 2 >= window.cap then redis.call('ZREMRANGEBYRANK', key, 0, -window.cap - 1) end
  local oldest, newest = order.placed, order.placed
  if #seen > 0 then
    oldest, newest = math.min(oldest, tonumber(seen[2])), math.max(newest, tonumber(seen[#seen]))
  end
  local past = newest - window.span - LATE
  if oldest <= past then redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(past)) end
  if age == 0 or redis.call('TTL', key) < ttl then redis.call('EXPIRE', key, whole(ttl)) end
end

-- What the customer's earlier orders say: the fields of History up to `to_this_address`. `own` is this order's entry,
-- which stands in the window already when an order is read again after a rebuild.
local function look_at_own(seen, order, own, small)
  local known, same, total, last_60s, last_24h, total_24h, small_300s = 0, 0, 0, 0, 0, 0, 0
  local cards, other_cards_24h, with_device, on_this_device, to_this_address = {}, 0, 0, 0, 0
  cards[order.card_mark] = true
  for i = 1, #seen, 2 do
    local entry, since = seen[i], order.placed - tonumber(seen[i + 1])
    if since >= 0 and since < OWN.span and entry ~= own then
      local device, amount = string.sub(entry, 32, 39), tonumber(string.sub(entry, 50))
      local same_currency = string.sub(entry, 14, 21) == order.currency
      known = known + 1
      if same_currency then same, total = same + 1, total + amount end
      if device ~= NO_DEVICE then with_device = with_device + 1 end
      if device ~= NO_DEVICE and device == order.device_mark then on_this_device = on_this_device + 1 end
      if string.sub(entry, 41, 48) == order.address_mark then to_this_address = to_this_address + 1 end
      if since < DAY then
        local card = string.sub(entry, 23, 30)
        last_24h = last_24h + 1
        if same_currency then total_24h = total_24h + amount end
        if not cards[card] then cards[card], other_cards_24h = true, other_cards_24h + 1 end
        if since < 300 * SECOND and amount <= small then small_300s = small_300s + 1 end
        if since < 60 * SECOND then last_60s = last_60s + 1 end
      end
    end
  end
  return { known, same, total, last_60s, last_24h, total_24h, small_300s, other_cards_24h,
    with_device, on_this_device, to_this_address }
end

-- What the earlier orders that share something say, of all customers: the fields of Shared, appended to `history`.
local function look_at_shared(history, seen, order, own, small)
  local last_60s, last_24h, small_300s, customers, others_7d = 0, 0, 0, {}, 0
  customers[order.customer_mark] = true
  for i = 1, #seen, 2 do
    local entry, since = seen[i], order.placed - tonumber(seen[i + 1])
    if since >= 0 and since < SHARED.span and entry ~= own then
      local customer = string.sub(entry, 14, 21)
      if not customers[customer] then customers[customer], others_7d = true, others_7d + 1 end
      if since < DAY then last_24h = last_24h + 1 end
      if since < 60 * SECOND then last_60s = last_60s + 1 end
      if since < 300 * SECOND and tonumber(string.sub(entry, 23)) <= small then small_300s = small_300s + 1 end
    end
  end
  for _, value in ipairs({ last_60s, last_24h, small_300s, others_7d }) do history[#history + 1] = value end
end

-- Reads every window of the order, adds the order to each, and returns the history as numbers between spaces.
local function look_back(order, small, age)
  local key = P .. 'customer:' .. order.customer
  local seen = entries(key)
  local entry = table.concat({ order.mark, order.currency, order.card_mark, order.device_mark, order.address_mark,
    whole(order.amount) }, '|')
  local history = look_at_own(seen, order, entry, small)
  remember(key, seen, order, entry, OWN, age)

  entry = table.concat({ order.mark, order.customer_mark, whole(order.amount) }, '|')
  for _, kind in ipairs({ 'card', 'device', 'address', 'ip' }) do
    if order[kind] == '' then
      seen = {}
    else
      key = P .. kind .. ':' .. order[kind]
      seen = entries(key)
      remember(key, seen, order, entry, SHARED, age)
    end
    look_at_shared(history, seen, order, entry, small)
  end
  for i, value in ipairs(history) do history[i] = whole(value) end
  return table.concat(history, ' ')
end
