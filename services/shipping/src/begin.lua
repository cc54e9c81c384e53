-- Begins the label of each order that has none yet.
-- Takes: life of a state (s), count; then order ids.
-- Returns where each order's label stands. Twin: domain::begin.
local life = take()
local phases = {}
for i = 1, number() do
  local key = P .. 'label:' .. take()
  local phase = redis.call('GET', key)
  if not phase then
    phase = 'labelling'
    redis.call('SET', key, phase, 'EX', life)
  end
  phases[i] = phase
end
return phases
