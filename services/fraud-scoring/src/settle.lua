-- What was due of these orders is committed: after the reminder the decision is due, after the decision nothing.
local stored = take()
for _ = 1, number() do
  local what, order = string.match(take(), '^(%a+) (.+)$')
  local key = key_of(order)
  if what == 'decided' then
    unlist(order)
  elseif redis.call('HEXISTS', key, 'event') == 1 then
    redis.call('HSET', key, 'escalated', 1)
    list(order, stored)
  end
end
return redis.status_reply('OK')
