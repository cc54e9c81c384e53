-- Forgets dues whose ends are told.
-- Takes: count; then per due: partition, id.
for _ = 1, number() do
  local partition, due = take(), take()
  redis.call('ZREM', P .. 'ended:' .. partition, due)
  redis.call('DEL', P .. 'end:' .. due, P .. 'item:' .. due)
end
return redis.status_reply('OK')
