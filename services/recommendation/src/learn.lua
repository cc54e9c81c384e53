-- Learns from a batch of events, each once, and says what is due and what there is to rank it from.
-- Arguments: count; then of each event its id, for how many seconds a repeat is recognised (0: not at all), customer, time
-- (µs), what was done (`order`, `view`, `cart`), its weight, number of SKUs, SKUs.
-- Answers, flat: of each event what was said to it before (or empty) and 1 where something is due, with clues and products
-- left out; then the relations of all clues.

-- The newest cart counts.
local function set_cart(event, skus)
  local customer = P .. 'customer:' .. event.customer
  local cart_at = redis.call('HGET', customer, 'cart_at')
  if cart_at and tonumber(cart_at) > event.at then return end
  redis.call('HSET', customer, 'cart', skus, 'cart_at', event.time)
end

local function order(event)
  -- What was ordered is no longer in the cart, also when the topic with the cart is read later.
  set_cart(event, '')
  if #event.skus == 0 then return end
  local bought = P .. 'bought:' .. event.customer
  for _, sku in ipairs(event.skus) do
    redis.call('ZINCRBY', P .. 'orders', event.weight, sku)
    redis.call('ZADD', bought, 'GT', event.time, sku)
  end
  redis.call('EXPIRE', P .. 'orders', relation_life)
  bound(bought, OWNED, customer_life)
  local together = math.min(#event.skus, BASKET)
  if together < 2 then return end
  local share = tonumber(event.weight) / (together - 1)
  for i = 1, together do
    local others = row('bought_with:', event.skus[i])
    for j = 1, together do
      if i ~= j then relate(others, event.skus[j], share) end
    end
    keep('bought_with:', event.skus[i], others)
  end
end

local function view(event)
  local sku = event.skus[1]
  if not sku then return end
  local viewed = P .. 'viewed:' .. event.customer
  local before = redis.call('ZSCORE', viewed, sku)
  local others = redis.call('ZREVRANGEBYSCORE', viewed, event.time, '(' .. string.format('%.0f', event.at - VISIT),
    'LIMIT', 0, VIEWED_WITH)
  redis.call('ZADD', viewed, 'GT', event.time, sku)
  bound(viewed, RECENT, customer_life)
  -- Whoever looks again within one visit says nothing new.
  if before and event.at - tonumber(before) < VISIT then return end
  redis.call('ZINCRBY', P .. 'views', event.weight, sku)
  redis.call('EXPIRE', P .. 'views', relation_life)
  local own, weight = row('viewed_with:', sku), tonumber(event.weight)
  for _, other in ipairs(others) do
    local theirs = row('viewed_with:', other)
    relate(theirs, sku, weight)
    keep('viewed_with:', other, theirs)
    relate(own, other, weight)
  end
  if #others > 0 then keep('viewed_with:', sku, own) end
end

local function cart(event)
  set_cart(event, table.concat(event.skus, '\n'))
end

-- After an order always; after activity at most once in EVERY.
local function is_due(event)
  local customer = P .. 'customer:' .. event.customer
  local said = tonumber(redis.call('HGET', customer, 'said') or '')
  local due = event.deed == 'order' or not said or event.at - said >= EVERY
  if due and (not said or event.at > said) then redis.call('HSET', customer, 'said', event.time) end
  redis.call('EXPIRE', customer, customer_life)
  return due and '1' or '0'
end

local LEARN = { order = order, view = view, cart = cart }
local out, skus, asked = {}, {}, {}
for i = 1, number() do
  local event = { id = take(), remembered = number(), customer = take(), time = take(), deed = take(), weight = take() }
  event.at, event.skus = tonumber(event.time), skus_of(number())
  local key = P .. 'event:' .. event.id
  local known = redis.call('HMGET', key, 'due', 'said')
  if not known[1] then
    LEARN[event.deed](event)
    known[1] = is_due(event)
    if event.remembered > 0 then
      redis.call('HSET', key, 'due', known[1])
      redis.call('EXPIRE', key, event.remembered)
    end
  end
  asked[i] = { said = known[2] or '', due = known[1], customer = event.customer }
end
for _, one in ipairs(asked) do
  local clues, excluded = {}, {}
  if one.due == '1' and one.said == '' then clues, excluded = context(one.customer) end
  out[#out + 1], out[#out + 2] = one.said, one.due
  append(out, clues)
  append(out, excluded)
  for i = 2, #clues, 2 do skus[clues[i]] = true end
end
append_relations(out, skus)
return out
