-- What is known of the payments that callbacks are about, with the order where there is something to say: it waits, or
-- this callback tells how it ended.
-- Takes: count; then per order: id, the callback's event id.
-- Returns for each what is known, then the order; empty where there is nothing to say.
local found = {}
for i = 1, number() do
  local order, event = take(), take()
  local told = known(order, redis.call('GET', key_of(order)))
  local concerned = told[1] == 'waiting' or told[5] == event
  told[6] = concerned and redis.call('HGET', wait_of(order), 'order') or ''
  found[i] = told
end
return found
