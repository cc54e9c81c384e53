-- Puts decided orders back: into the windows, and the decision under the event that led to it. Decides nothing.
local stored = number()
for _ = 1, number() do
  local order, age, decision = read_order(), number(), take()
  look_back(order, 0, age)
  local key, ttl = P .. 'event:' .. order.event, stored - age
  if ttl > 0 and redis.call('HSETNX', key, 'decision', decision) == 1 then
    redis.call('EXPIRE', key, whole(ttl))
  end
end
return redis.status_reply('OK')
