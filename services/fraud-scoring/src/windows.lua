-- Windows of recent orders: sorted sets scored by placed_at (microseconds), bounded in time and count.
--
-- Invariant: what a window holds is a function of the set of orders it was given, whatever their sequence, because
-- both bounds keep an upper part of the set. That is why a rebuild, which reads in another sequence, gives the same.
-- Invariant: what an order sees is placed at or before it; what is placed later never counts, even if seen earlier.
-- src/windows.rs is the twin of this file; a property test holds the two to each other.

local SECOND = 1000000
local HOUR = 3600 * SECOND
local DAY = 24 * HOUR
-- How much later than its successors an order may arrive and still find its windows whole.
local LATE = DAY
-- A customer's own orders (the profile), and the orders that share a card, a device, an address or an IP.
local OWN = { span = 90 * DAY, cap = 256 }
local SHARED = { span = 7 * DAY, cap = 32 }

-- Entries have fields of fixed width, the amount last: cutting is several times faster than matching a pattern. Up to
-- 64 bytes an entry costs little more than its text; beyond, Redis keeps the whole window in a far costlier way.
--   of a customer:      order 12, currency 8, card 8, device 8, address 8, country 8, amount
--   of what is shared:  order 12, customer 8, card 8, amount
local NO_DEVICE = '--------'

-- How a history begins; moves with every change of its numbers, here and in history.rs.
local SHAPE = '2 '

-- One order from the arguments, as Sighting::push_to writes it. Fingerprints name keys; 8 digits mark entries.
local function read_order()
  local order = {
    event = take(), placed = number(), mark = take(), amount = number(), currency = take(),
    customer = take(), card = take(), device = take(), address = take(), country = take(), ip = take(),
  }
  order.customer_mark = string.sub(order.customer, 1, 8)
  order.card_mark = string.sub(order.card, 1, 8)
  order.device_mark = order.device == '' and NO_DEVICE or string.sub(order.device, 1, 8)
  order.address_mark = string.sub(order.address, 1, 8)
  return order
end

local function whole(value) return string.format('%.0f', value) end

-- The same, each number formatted once a call: a history is small ones for the most part.
local TEXTS = {}
local function text(value)
  local known = TEXTS[value]
  if not known then
    known = whole(value)
    TEXTS[value] = known
  end
  return known
end

-- Everything in a window: entry, time, entry, time, ..., oldest first. Nothing where the window is of the first layout,
-- which had a bar after the order: such a state counts as lost and is built anew from the log.
local EARLIER = 'LOST the windows are of an earlier layout'
local function entries(key)
  local seen = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  return not (seen[1] and string.sub(seen[1], 13, 13) == '|') and seen or nil
end

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

-- The standard deviation, rounded down.
local function spread(count, total, squares)
  if count == 0 then return 0 end
  local mean = total / count
  return math.floor(math.sqrt(math.max(0, squares / count - mean * mean)))
end

-- What the customer's earlier orders say: the fields of History up to `since_last`, -1 for none. `own` is this order's
-- entry, which stands in the window already when an order is read again after a rebuild.
local function look_at_own(seen, order, own, small)
  local known, same, total, squares, since_last, near_this_hour = 0, 0, 0, 0, -1, 0
  local last_60s, last_1h, last_24h, total_24h, largest_24h, small_300s, small_1h = 0, 0, 0, 0, -1, 0, 0
  local cards, other_cards_24h = { [order.card_mark] = true }, 0
  local with_card, with_device, on_device, to_address, to_country = 0, 0, 0, 0, 0
  for i = 1, #seen, 2 do
    local entry, since = seen[i], order.placed - tonumber(seen[i + 1])
    if since >= 0 and since < OWN.span and entry ~= own then
      local card, device, amount = string.sub(entry, 21, 28), string.sub(entry, 29, 36), tonumber(string.sub(entry, 53))
      local same_currency, apart = string.sub(entry, 13, 20) == order.currency, since % DAY
      known, since_last = known + 1, since
      if same_currency then same, total, squares = same + 1, total + amount, squares + amount * amount end
      if card == order.card_mark then with_card = with_card + 1 end
      if device ~= NO_DEVICE then
        with_device = with_device + 1
        if device == order.device_mark then on_device = on_device + 1 end
      end
      if string.sub(entry, 37, 44) == order.address_mark then to_address = to_address + 1 end
      if string.sub(entry, 45, 52) == order.country then to_country = to_country + 1 end
      if math.min(apart, DAY - apart) <= 3 * HOUR then near_this_hour = near_this_hour + 1 end
      if since < DAY then
        last_24h = last_24h + 1
        if same_currency then total_24h, largest_24h = total_24h + amount, math.max(largest_24h, amount) end
        if not cards[card] then cards[card], other_cards_24h = true, other_cards_24h + 1 end
        if since < HOUR then
          last_1h = last_1h + 1
          if amount <= small then small_1h = small_1h + 1 end
          if since < 300 * SECOND and amount <= small then small_300s = small_300s + 1 end
          if since < 60 * SECOND then last_60s = last_60s + 1 end
        end
      end
    end
  end
  return { known, same, total, spread(same, total, squares), last_60s, last_1h, last_24h, total_24h, largest_24h,
    small_300s, small_1h, other_cards_24h, with_card, with_device, on_device, to_address, to_country, near_this_hour,
    since_last }
end

-- What the earlier orders that share something say, of all customers: the fields of Shared, appended to `history`.
local function look_at_shared(history, seen, order, own, small)
  local last_60s, last_1h, last_24h, small_300s, small_1h = 0, 0, 0, 0, 0
  local cards, other_cards_24h = { [order.card_mark] = true }, 0
  local customers, others_7d = { [order.customer_mark] = true }, 0
  for i = 1, #seen, 2 do
    local entry, since = seen[i], order.placed - tonumber(seen[i + 1])
    if since >= 0 and since < SHARED.span and entry ~= own then
      local customer = string.sub(entry, 13, 20)
      if not customers[customer] then customers[customer], others_7d = true, others_7d + 1 end
      if since < DAY then
        local card = string.sub(entry, 21, 28)
        last_24h = last_24h + 1
        if not cards[card] then cards[card], other_cards_24h = true, other_cards_24h + 1 end
        if since < HOUR then
          last_1h = last_1h + 1
          if since < 60 * SECOND then last_60s = last_60s + 1 end
          if tonumber(string.sub(entry, 29)) <= small then
            small_1h = small_1h + 1
            if since < 300 * SECOND then small_300s = small_300s + 1 end
          end
        end
      end
    end
  end
  local numbers = { last_60s, last_1h, last_24h, small_300s, small_1h, other_cards_24h, others_7d }
  local before = #history
  for i = 1, #numbers do history[before + i] = numbers[i] end
end

-- Reads every window of the order, adds the order to each, and returns the history: its shape, then numbers between
-- spaces. Nothing where a window is of an earlier layout.
local function look_back(order, small, age)
  local key = P .. 'customer:' .. order.customer
  local seen = entries(key)
  if not seen then return nil end
  local entry = table.concat({ order.mark, order.currency, order.card_mark, order.device_mark, order.address_mark,
    order.country, whole(order.amount) })
  local history = look_at_own(seen, order, entry, small)
  remember(key, seen, order, entry, OWN, age)

  entry = table.concat({ order.mark, order.customer_mark, order.card_mark, whole(order.amount) })
  for _, kind in ipairs({ 'card', 'device', 'address', 'ip' }) do
    if order[kind] == '' then
      seen = {}
    else
      key = P .. kind .. ':' .. order[kind]
      seen = entries(key)
      if not seen then return nil end
      remember(key, seen, order, entry, SHARED, age)
    end
    look_at_shared(history, seen, order, entry, small)
  end
  for i = 1, #history do history[i] = text(history[i]) end
  return SHAPE .. table.concat(history, ' ')
end
