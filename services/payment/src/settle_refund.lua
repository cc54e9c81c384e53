-- Keeps how each order's refund ended; the first outcome holds.
-- Takes: life of a state (s), count; then per order: id, outcome. Returns the outcome that holds.
-- Twin: domain::refund::settle.
local life = take()
local outcomes = {}
for i = 1, number() do
  local key, outcome = P .. 'refund:' .. take(), take()
  local held = redis.call('GET', key)
  if held and string.match(held, '^%S*') ~= 'refunding' then
    outcome = held
  else
    redis.call('SET', key, outcome, 'EX', life)
  end
  outcomes[i] = outcome
end
return outcomes
