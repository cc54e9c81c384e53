-- Keeps how each order's payment ended, and who tells it; the first outcome holds. Whoever does not know that a payment
-- waits leaves it so.
-- Takes: life of a state (s), count; then per order: id, outcome, who tells it, whether the wait is known (1 or 0),
-- whether it is told, on the log (1 or 0).
-- Returns what is known of each order's payment. Twin: domain::wait::Payment::settle.
local life = take()
local found = {}
for i = 1, number() do
  local order, outcome, by, knows_wait, is_told = take(), take(), take(), number() == 1, number() == 1
  local phase = redis.call('GET', key_of(order))
  if not is_over(phase) and (phase ~= 'waiting' or knows_wait) then
    phase = outcome
    redis.call('SET', key_of(order), phase, 'EX', life)
    if by ~= 'reservation' then
      redis.call('HSET', wait_of(order), 'by', by)
      redis.call('EXPIRE', wait_of(order), life)
    end
    if by ~= 'deadline' or is_told then undue(order) end
  end
  found[i] = known(order, phase)
end
return found
