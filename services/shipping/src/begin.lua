-- Begins the label of each order of which nothing was heard yet.
-- Takes: life of a state (s), count; then order ids.
-- Returns where each order stands: `cancelling`, `labelling`, or its outcome. Twin: Standing::begin.
local life = take()
local phases = {}
for i = 1, number() do
  local key = P .. 'order:' .. take()
  local known = redis.call('HMGET', key, 'phase', 'outcome')
  if not known[1] then
    known[1] = 'labelling'
    redis.call('HSET', key, 'phase', 'labelling')
    redis.call('EXPIRE', key, life)
  end
  phases[i] = known[2] or known[1]
end
return phases
