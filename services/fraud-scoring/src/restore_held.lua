-- Puts held orders back as the log tells of them, in any order. Decides nothing.
-- What ended long ago is kept for a day, so that an event of the same order that is read later finds it.
local stored, day = number(), 86400
for _ = 1, number() do
  local what, age = take(), number()
  local life = string.format('%.0f', math.max(stored - age, day))
  if what == 'held' then
    hold(read_held(), stored) -- an open one has its whole life before it, however old it is
  elseif what == 'escalated' then
    local order = take()
    local key = key_of(order)
    redis.call('HSET', key, 'escalated', 1)
    if redis.call('TTL', key) < 0 then redis.call('EXPIRE', key, life) end
    list(order, stored)
  else
    local order, by, ending, at, reviewer, reason = take(), take(), take(), take(), take(), take()
    if close(order, by, ending, at, reviewer, reason, life) then unlist(order) end
  end
end
return redis.status_reply('OK')
