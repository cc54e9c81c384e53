-- Begins the payment of each order that has none yet: charging, or voiding when its reservation has ended.
-- Takes: life of a state (s), now (µs), count; then per order: id, end of the reservation (µs).
-- Returns what is known of each order's payment. Twin: domain::begin.
local life, now = take(), number()
local found = {}
for i = 1, number() do
  local order, valid_until = take(), number()
  local phase = redis.call('GET', key_of(order))
  if phase then
    found[i] = known(order, phase)
  else
    phase = now > valid_until and 'voiding reservation_expired' or 'charging'
    redis.call('SET', key_of(order), phase, 'EX', life)
    found[i] = { phase, '', '', '', '' }
  end
end
return found
