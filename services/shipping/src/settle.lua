-- Keeps how each order ended; the first outcome holds.
-- Takes: life of a state (s), count; then per order: id, id of the payment's event, phase, outcome, and the rejection
-- of a cancel that came before the payment (empty when it came in time).
-- Returns for each order the outcome that holds, and the rejection its event is told, or nothing. Twin:
-- Standing::settle.
local life = take()
local held = {}
for i = 1, number() do
  local key, event, phase, outcome, too_late = P .. 'order:' .. take(), take(), take(), take(), take()
  local known = redis.call('HMGET', key, 'phase', 'outcome', 'rejection')
  local rejection = known[3] or ''
  if known[2] then
    outcome = known[2]
  else
    if known[1] == 'cancelling' then rejection = too_late end
    redis.call('HSET', key, 'phase', phase, 'outcome', outcome)
    if rejection ~= '' then redis.call('HSET', key, 'rejection', rejection) end
    redis.call('EXPIRE', key, life)
  end
  held[i] = { outcome, rejection:sub(1, #event) == event and rejection or '' }
end
return held
