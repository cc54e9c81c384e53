-- Takes in what the log says has ended.
-- Takes: life (s), how long a due is known again (s), now (µs), count; then per record: what (`told`, `disabled`), lane,
-- partition, due (`told`) or revision (`disabled`).
local life, memory, now = take(), take(), take()
for _ = 1, number() do
  local what, lane, partition, which = take(), take(), take(), take()
  if what == 'disabled' then
    disable(lane, which, now, life)
  else
    redis.call('SET', P .. 'seen:' .. which, 1, 'EX', memory)
    redis.call('ZREM', P .. 'queue:' .. lane, which)
    redis.call('ZREM', P .. 'ended:' .. partition, which)
    redis.call('DEL', P .. 'end:' .. which, P .. 'item:' .. which)
    if redis.call('ZCARD', P .. 'queue:' .. lane) == 0 then forget_lane(lane) end
  end
end
return redis.status_reply('OK')
