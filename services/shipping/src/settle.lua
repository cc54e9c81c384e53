-- Keeps how each order's label ended; the first outcome holds.
-- Takes: life of a state (s), count; then per order: id, outcome.
-- Returns the outcome that holds. Twin: domain::settle.
local life = take()
local outcomes = {}
for i = 1, number() do
  local key, outcome = P .. 'label:' .. take(), take()
  local held = redis.call('GET', key)
  if held and held ~= 'labelling' then
    outcome = held
  else
    redis.call('SET', key, outcome, 'EX', life)
  end
  outcomes[i] = outcome
end
return outcomes
