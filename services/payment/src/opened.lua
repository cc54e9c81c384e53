-- Remembers which payment the gateway has opened for an order that is charging; the first one is the order's.
-- Takes: life of a state (s), count; then per order: id, intent. Returns what is known of each order's payment.
-- Twin: domain::opened.
local life = take()
local found = {}
for i = 1, number() do
  local order, intent = take(), take()
  local phase = redis.call('GET', key_of(order))
  if phase == 'charging' then
    phase = 'charging ' .. intent
    redis.call('SET', key_of(order), phase, 'EX', life)
  end
  found[i] = known(order, phase)
end
return found
