-- Lays the records of the newest snapshot ready, as they are read: older ones may still be on the topic.
-- In:  count; per record its snapshot's number and count of SKUs, its SKU and text, count of places, and per place its name
-- and the next offset.

local head, staged = P .. 'snapshot', P .. 'snapshot:skus'
for _ = 1, number() do
  local n, skus, sku, text, places = number(), take(), take(), take(), number()
  local known = redis.call('HMGET', head, 'number', 'applied')
  local newest = tonumber(known[1] or 0)
  -- Once one is applied, the rest of the log is folded upon it.
  local is_newer = n > newest and not known[2]
  if is_newer then
    redis.call('DEL', head, staged)
    redis.call('HSET', head, 'number', n, 'skus', skus)
  end
  for _ = 1, places do
    local place, next = take(), take()
    if is_newer then redis.call('HSET', head, 'at:' .. place, next) end
  end
  if n >= newest and not known[2] then redis.call('HSET', staged, sku, text) end
end
return redis.status_reply('OK')
