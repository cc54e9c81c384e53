-- Keeps what was stored and booked for each order; of each, the first holds. An empty argument keeps nothing.
-- Takes: life of a state (s), count; then per order: id, when the documents were stored (µs), the pickup.
-- Returns the two that hold for each order, empty where there is none.
local life = take()
local held = {}
for i = 1, number() do
  local key, stored, pickup = P .. 'papers:' .. take(), take(), take()
  if stored ~= '' then redis.call('HSETNX', key, 'stored', stored) end
  if pickup ~= '' then redis.call('HSETNX', key, 'pickup', pickup) end
  if stored ~= '' or pickup ~= '' then redis.call('EXPIRE', key, life) end
  local both = redis.call('HMGET', key, 'stored', 'pickup')
  held[2 * i - 1], held[2 * i] = both[1] or '', both[2] or ''
end
return held
