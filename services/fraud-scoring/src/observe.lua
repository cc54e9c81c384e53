-- Looks back from each order of a batch, once: a repeat sees what the first observation saw, until a decision is stored,
-- which counts from then on. A history of another shape is from before an upgrade: it is made anew. What labels say comes
-- behind each history, as it is now.
local stored, small = take(), number()
local answers = {}
for i = 1, number() do
  local order = read_order()
  local key = P .. 'event:' .. order.event
  local history, decision = unpack(redis.call('HMGET', key, 'history', 'decision'))
  if not history or string.sub(history, 1, #SHAPE) ~= SHAPE then
    history = look_back(order, small, 0)
    if not history then return redis.error_reply(EARLIER) end
    if not decision then
      redis.call('HSET', key, 'history', history)
      redis.call('EXPIRE', key, stored)
    end
  end
  answers[2 * i - 1], answers[2 * i] = history, learned(order)
end
return answers
