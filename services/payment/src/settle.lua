-- Keeps how each order's payment ended, and who tells it; the first outcome holds. Whoever does not know that a payment
-- waits leaves it so.
-- Takes: life of a state (s), count; then per order: id, outcome, who tells it, whether the wait is known (1 or 0),
-- whether it is told, on the log (1 or 0).
-- Returns what is known of each order's payment. Twin: domain::wait::Payment::settle.
local life = take()

local function ended(order, outcome, by, knows_wait, is_told)
  local phase = phases[order]
  local is_waiting = phase == 'waiting'
  if is_over(phase) or is_waiting and not knows_wait then return known(order, phase) end
  keep(order, outcome, life)
  if by ~= 'reservation' then
    redis.call('HSET', wait_of(order), 'by', by)
    redis.call('EXPIRE', wait_of(order), life)
  end
  if not is_waiting then return never_waited(outcome, by) end
  if by ~= 'deadline' or is_told then undue(order) end
  return known(order, outcome)
end

local orders, ends = {}, {}
for i = 1, number() do
  orders[i], ends[i] = take(), { take(), take(), number() == 1, number() == 1 }
end
look(orders)
local found = {}
for i, order in ipairs(orders) do found[i] = ended(order, unpack(ends[i])) end
return found
