-- Begins the payment of each order that has none yet: charging, or voiding when its reservation has ended.
-- Takes: life of a state (s), now (µs), count; then per order: id, end of the reservation (µs).
-- Returns what is known of each order's payment. Twin: domain::begin.
local life, now = take(), number()
local orders, valid_until = {}, {}
for i = 1, number() do orders[i], valid_until[i] = take(), number() end
look(orders)
local found = {}
for i, order in ipairs(orders) do
  if not phases[order] then
    keep(order, now > valid_until[i] and 'voiding reservation_expired' or 'charging', life)
  end
  found[i] = known(order, phases[order])
end
return found
