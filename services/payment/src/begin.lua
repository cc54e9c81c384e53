-- Begins the payment of each order that has none yet: charging, or voiding when its reservation has ended.
-- Takes: life of a state (s), now (µs), count; then per order: id, end of the reservation (µs).
-- Returns where each order's payment stands. Twin: domain::begin.
local life, now = take(), number()
local phases = {}
for i = 1, number() do
  local key, valid_until = P .. 'order:' .. take(), number()
  local phase = redis.call('GET', key)
  if not phase then
    phase = now > valid_until and 'voiding reservation_expired' or 'charging'
    redis.call('SET', key, phase, 'EX', life)
  end
  phases[i] = phase
end
return phases
