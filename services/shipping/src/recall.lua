-- Takes in what the log says, in any order and any number of times, without deciding.
-- Takes: life of a state (s), count; then per record: order id, kind and what that kind takes.
-- Twin: Standing::recall.
local life = take()
local recall = {}

function recall.cancel_requested(key)
  redis.call('HSETNX', key, 'phase', 'cancelling')
end

-- the rejection
function recall.rejected(key)
  redis.call('HSETNX', key, 'rejection', take())
  -- Whoever was told that it is too late must not see the cancel win after all.
  if redis.call('HEXISTS', key, 'outcome') == 0 then redis.call('HSET', key, 'phase', 'labelling') end
end

-- phase, outcome
function recall.ended(key)
  local phase = take()
  if redis.call('HSETNX', key, 'outcome', take()) == 1 then redis.call('HSET', key, 'phase', phase) end
end

for _ = 1, number() do
  local key = P .. 'order:' .. take()
  recall[take()](key)
  redis.call('EXPIRE', key, life)
end
return redis.status_reply('OK')
