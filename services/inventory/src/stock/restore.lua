-- Folds what inventory has said into the state, without deciding. In any order, any number of times: each event
-- leaves the mark from which repeats are answered, and an event that finds its mark changes nothing.
-- In:  count; per event 1 if its units count, or 0 if a snapshot has counted them; for how many seconds its mark is kept;
-- its kind and what that kind takes.

local fold = {}

-- order id, at, valid until, SKUs with units
function fold.reserved()
  local order, at, valid_until, lines = P .. 'order:' .. take(), take(), take(), items(2)
  local known = redis.call('HMGET', order, 'at', 'settled_at')
  if known[1] then return end
  if known[2] then
    -- Ended before it began: the two stood on different partitions. Nothing is left to count.
    redis.call('HSET', order, 'at', at, 'until', valid_until)
  else
    -- Nothing has given the key an end yet: only what settles does.
    set_aside(order, at, valid_until, lines)
  end
end

-- order id, at, short SKUs with units wanted and available
function fold.short()
  local order, at, short = P .. 'order:' .. take(), take(), items(3)
  if redis.call('HEXISTS', order, 'at') == 0 then mark_short(order, at, short) end
end

local function ended(order, ending, at, cause, gone)
  local known = redis.call('HMGET', order, 'settled_at', 'lines')
  if not known[1] then settle(order, ending, at, cause, held(known[2]), gone) end
end

-- order id, at, id of the event that asked
function fold.released()
  ended(P .. 'order:' .. take(), 'released', take(), take(), {})
end

-- order id, at, id of the event that asked, SKUs with units
function fold.shipped()
  ended(P .. 'order:' .. take(), 'shipped', take(), take(), items(2))
end

-- id of the event that asked, '' or the reason of the refusal, SKU, delta, on hand, reserved, at
function fold.answered()
  local key, refusal, sku, delta = P .. 'adjustment:' .. take(), take(), take(), take()
  local answer = cmsgpack.pack({refusal, number(), number(), take()})
  if redis.call('SET', key, answer, 'NX', 'EX', KEPT) and refusal == '' and counting then
    add('on_hand', sku, tonumber(delta))
  end
end

for _ = 1, number() do
  counting, KEPT = take() == '1', take()
  fold[take()]()
end
put_back()
return redis.status_reply('OK')
