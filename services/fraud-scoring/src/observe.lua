-- Looks back from each order of a batch, once: a repeat sees what the first observation saw.
local stored, small = take(), number()
local answers = {}
for i = 1, number() do
  local order = read_order()
  local key = P .. 'event:' .. order.event
  local history = redis.call('HGET', key, 'history')
  if not history then
    history = look_back(order, small, 0)
    redis.call('HSET', key, 'history', history)
    redis.call('EXPIRE', key, stored)
  end
  answers[i] = history
end
return answers
