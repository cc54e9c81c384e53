-- Keeps what is said to events: the first answer to an event counts, and a repeat gets it word for word.
-- Arguments: count; then of each event its id, for how many seconds, what is said.
local kept = {}
for i = 1, number() do
  local key, life, said = P .. 'event:' .. take(), number(), take()
  if redis.call('HSETNX', key, 'said', said) == 1 then redis.call('EXPIRE', key, life) end
  kept[i] = redis.call('HGET', key, 'said')
end
return kept
