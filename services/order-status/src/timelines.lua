-- Puts a batch of events on their orders' timelines, and each order into its indexes. Any order, any number of times.
-- Arguments: life of an order's keys in seconds; placement time (µs) before which an order leaves the indexes; count;
-- then of each event: order id, event id, entry, fact (of a dead letter `given_up:` or `settled:`, service, event) or empty, review_by (µs) or empty, and 1 followed by customer,
-- total, currency, placed_at (µs) and data key id, or 0 where the event does not carry the order.
local life, oldest = take(), take()

-- The twin of `orderflow::order_state::Facts`: a test holds the two to each other for every set of facts.
local function state_of(said)
  if said.Labelled then return 'Fulfilled', '' end
  if said.Refused and said.Refunded then return 'Undeliverable', '' end
  if said.ReviewCancelled or said.PaymentCancelled or (said.ShippingCancelled and said.Refunded) then
    return 'Cancelled', ''
  end
  if said.Unpaid then return 'Declined', '' end
  if said.Short then return 'OutOfStock', '' end
  if said.Fraud then return 'Rejected', '' end
  if said.Refused or said.ShippingCancelled or said.Refunded then return 'InProgress', 'refunding' end
  if said.Paid then return 'InProgress', 'paid' end
  if said.Reserved then return 'InProgress', 'reserved' end
  if said.Validated then return 'InProgress', 'validated' end
  if said.Held then return 'InProgress', 'held' end
  return 'InProgress', 'accepted'
end

-- Whether a dead letter has no answer yet: neither a note in its service's journal, nor an event of its service that it
-- led to. The events are looked through only for orders that have one.
local function is_parked(id, said)
  local open = {}
  for fact in pairs(said) do
    if string.sub(fact, 1, 9) == 'given_up:' then
      local letter = string.sub(fact, 10)
      if not said['settled:' .. letter] then open[letter] = true end
    end
  end
  if not next(open) then return false end
  for _, kept in ipairs(redis.call('HVALS', P .. 'events:' .. id)) do
    local entry = cjson.decode(string.match(kept, '^%d+ (.*)$'))
    if not entry.put_aside and type(entry.cause) == 'string' then
      open[string.match(entry.source, '^[^.]*') .. ':' .. entry.cause] = nil
    end
  end
  return next(open) ~= nil
end

local function enter(name, score, id)
  local index = P .. name
  redis.call('ZADD', index, score, id)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', '(' .. oldest)
  redis.call('EXPIRE', index, life)
end

local function index(id)
  local said = {}
  for _, fact in ipairs(redis.call('SMEMBERS', P .. 'facts:' .. id)) do said[fact] = true end
  local state, step = state_of(said)
  local held = step == 'held'
  if state == 'InProgress' and is_parked(id, said) then state, step = 'Parked', '' end
  local order = P .. 'order:' .. id
  local known = redis.call('HMGET', order, 'state', 'placed_at', 'customer', 'review_by')
  local before, placed_at, customer, review_by = known[1], known[2], known[3], known[4]
  redis.call('HSET', order, 'state', state, 'step', step)
  for _, kind in ipairs({ 'order:', 'events:', 'facts:' }) do redis.call('EXPIRE', P .. kind .. id, life) end
  if before and before ~= state then redis.call('ZREM', P .. 'state:' .. before, id) end
  if placed_at then
    enter('orders', placed_at, id)
    enter('customer:' .. customer, placed_at, id)
    enter('state:' .. state, placed_at, id)
  end
  -- Whoever could not handle something else, a person can still decide.
  if review_by and held then
    enter('reviews', review_by, id)
  else
    redis.call('ZREM', P .. 'reviews', id)
  end
end

local touched = {}
for _ = 1, number() do
  local id, event, entry, fact, review_by = take(), take(), take(), take(), take()
  local order, events = P .. 'order:' .. id, P .. 'events:' .. id
  if redis.call('HEXISTS', events, event) == 0 then
    -- Its place in order of arrival goes in front: who follows the order asks for what came after.
    redis.call('HSET', events, event, (redis.call('HLEN', events) + 1) .. ' ' .. entry)
  end
  if fact ~= '' then redis.call('SADD', P .. 'facts:' .. id, fact) end
  if review_by ~= '' then redis.call('HSET', order, 'review_by', review_by) end
  if take() == '1' then
    redis.call('HSET', order, 'customer', take(), 'total', take(), 'currency', take(), 'placed_at', take(),
      'key_id', take())
  end
  touched[id] = true
end
for id in pairs(touched) do index(id) end
return redis.status_reply('OK')
