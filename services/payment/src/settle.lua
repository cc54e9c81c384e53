-- Keeps how each order's payment or refund ended; the first outcome holds.
-- Takes: kind of key (`order:` or `refund:`), life of a state (s), count; then per order: id, outcome.
-- Returns the outcome that holds. Twins: domain::settle and domain::refund::settle.
local kind, life = take(), take()
local open = { charging = true, voiding = true, refunding = true }
local outcomes = {}
for i = 1, number() do
  local key, outcome = P .. kind .. take(), take()
  local held = redis.call('GET', key)
  if held and not open[string.match(held, '^%S*')] then
    outcome = held
  else
    redis.call('SET', key, outcome, 'EX', life)
  end
  outcomes[i] = outcome
end
return outcomes
