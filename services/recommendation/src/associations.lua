-- Which products go together and what customers have done: what learn.lua and look.lua have in common.
-- src/memory.rs is the twin of this file; a property test holds the two to each other. The limits are those of src/limits.rs.
--
-- Arguments in front: half-life (text), life of relations and of customers in seconds, a visit and the least time between
-- two answers to activity in microseconds, then the limits.

local half_life, relation_life, customer_life, VISIT, EVERY = take(), take(), take(), number(), number()
local NEIGHBOURS, BASKET, OWNED, RECENT, VIEWED_WITH = number(), number(), number(), number(), number()
local CLUES, FROM_CART, FROM_VIEWS, POPULAR = number(), number(), number(), number()

-- Weights of different half-lives cannot be added: another setting begins another generation.
local known = redis.call('GET', P .. 'half_life')
if known and known ~= half_life then return redis.error_reply('LOST weights of another half-life') end
if not known then redis.call('SET', P .. 'half_life', half_life) end

local function skus_of(count)
  local skus = {}
  for i = 1, count do skus[i] = take() end
  return skus
end

-- Removes the lowest of a sorted set beyond `most`, and renews its life.
local function bound(key, most, life)
  local over = redis.call('ZCARD', key) - most
  if over > 0 then redis.call('ZREMRANGEBYRANK', key, 0, over - 1) end
  redis.call('EXPIRE', key, life)
end

-- A row: what goes with a product, and how often (weights). Packed as one text: a sorted set would read and write every
-- weight of it as decimals for each pair, ten times the work.
local function row(key, sku)
  local packed = redis.call('GET', P .. key .. sku)
  return packed and cmsgpack.unpack(packed) or {}, packed
end

-- Adds a product to a row.
local function relate(row, sku, weight) row[sku] = (row[sku] or 0) + weight end

-- Keeps a row. Once it has half as many products more than it may, the lightest go.
local function keep(key, sku, row)
  local others, count = {}, 0
  for other in pairs(row) do
    count = count + 1
    others[count] = other
  end
  if count > NEIGHBOURS * 1.5 then
    table.sort(others, function(a, b)
      if row[a] ~= row[b] then return row[a] > row[b] end
      return a > b
    end)
    for i = NEIGHBOURS + 1, count do row[others[i]] = nil end
  end
  redis.call('SET', P .. key .. sku, cmsgpack.pack(row), 'EX', relation_life)
end

-- What points at products, the newest first within each kind, and what is not to be recommended.
local function context(customer)
  local clues, excluded, taken, total = {}, {}, {}, 0
  local function add(kind, skus, most)
    local count = 0
    for _, sku in ipairs(skus) do
      if count >= most or total >= CLUES then return end
      if not taken[sku] then
        taken[sku], count, total = true, count + 1, total + 1
        clues[#clues + 1], clues[#clues + 2] = kind, sku
      end
    end
  end
  local cart = {}
  for sku in string.gmatch(redis.call('HGET', P .. 'customer:' .. customer, 'cart') or '', '[^\n]+') do
    table.insert(cart, 1, sku)
    excluded[#excluded + 1] = sku
  end
  local bought = redis.call('ZREVRANGE', P .. 'bought:' .. customer, 0, -1)
  for _, sku in ipairs(bought) do excluded[#excluded + 1] = sku end
  add('c', cart, FROM_CART)
  add('v', redis.call('ZREVRANGE', P .. 'viewed:' .. customer, 0, -1), FROM_VIEWS)
  add('b', bought, CLUES)
  return clues, excluded
end

-- Appends texts, their number in front.
local function append(out, texts)
  out[#out + 1] = tostring(#texts)
  for _, text in ipairs(texts) do out[#out + 1] = text end
end

-- A set of products in sequence.
local function named()
  local set, names = {}, {}
  return names, function(name)
    if not set[name] then set[name], names[#names + 1] = true, name end
  end
end

-- A row as it is kept, or nothing; notes the names of all in it.
local function row_of(key, sku, note)
  local others, packed = row(key, sku)
  if packed then note(sku) end
  for other in pairs(others) do note(other) end
  return packed or ''
end

-- Appends the weights of these products.
local function append_weights(out, key, names)
  local found = {}
  for from = 1, #names, 500 do
    local some = { unpack(names, from, math.min(from + 499, #names)) }
    for i, weight in ipairs(redis.call('ZMSCORE', P .. key, unpack(some))) do
      if weight then found[#found + 1], found[#found + 2] = some[i], weight end
    end
  end
  append(out, found)
end

-- Appends what has to do with these products (a set): rows of neighbours, in how many orders and visits each of them was,
-- and what is popular. Every product once, however many records of the batch it is about.
local function append_relations(out, skus)
  local ordered, note_ordered = named()
  local visited, note_visited = named()
  local at, count = #out + 1, 0
  out[at] = 0
  for sku in pairs(skus) do
    count = count + 1
    out[#out + 1] = sku
    out[#out + 1] = row_of('bought_with:', sku, note_ordered)
    out[#out + 1] = row_of('viewed_with:', sku, note_visited)
  end
  out[at] = tostring(count)
  append_weights(out, 'orders', ordered)
  append_weights(out, 'views', visited)
  append(out, redis.call('ZREVRANGE', P .. 'orders', 0, POPULAR - 1))
end
