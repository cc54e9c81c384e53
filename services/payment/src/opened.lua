-- Remembers which payment the gateway has opened for an order that is charging; the first one is the order's.
-- Takes: life of a state (s), count; then per order: id, intent. Returns what is known of each order's payment.
-- Twin: domain::opened.
local life = take()
local orders, intents = {}, {}
for i = 1, number() do orders[i], intents[i] = take(), take() end
look(orders)
local found = {}
for i, order in ipairs(orders) do
  if phases[order] == 'charging' then keep(order, 'charging ' .. intents[i], life) end
  found[i] = known(order, phases[order])
end
return found
