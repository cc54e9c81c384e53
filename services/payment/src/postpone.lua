-- Moves deadlines that stand, or drops them when there is no time to move them to.
-- Takes: count; then per deadline: partition, order, until when (µs; empty: drop it).
for _ = 1, number() do
  local due, order, later = P .. 'due:' .. take(), take(), take()
  if later == '' then redis.call('ZREM', due, order) else redis.call('ZADD', due, 'XX', later, order) end
end
return redis.status_reply('OK')
