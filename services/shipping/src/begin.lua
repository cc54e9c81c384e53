-- Begins the label of each order of which nothing was heard yet.
-- Takes: life of a state (s), count; then order ids.
-- Returns where each order stands: `cancelling`, `labelling`, or its outcome. Twin: Standing::begin.
local life = take()
local phases = {}
for i = 1, number() do
  local key = P .. 'order:' .. take()
  if redis.call('HSETNX', key, 'phase', 'labelling') == 1 then
    phases[i] = 'labelling'
    redis.call('EXPIRE', key, life)
  else
    local known = redis.call('HMGET', key, 'phase', 'outcome')
    phases[i] = known[2] or known[1]
  end
end
return phases
