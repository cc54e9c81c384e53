-- Keeps what was stored and booked for each order; of each, the first holds. An empty argument keeps nothing.
-- Takes: life of a state (s), count; then per order: id, when the documents were stored (µs), the pickup.
-- Returns the two that hold for each order, empty where there is none.
local life = take()
local held = {}
for i = 1, number() do
  local key, stored, pickup = P .. 'papers:' .. take(), take(), take()
  local both = redis.call('HMGET', key, 'stored', 'pickup')
  local new = {}
  if stored ~= '' and not both[1] then new = { 'stored', stored } end
  if pickup ~= '' and not both[2] then new = { 'pickup', pickup, unpack(new) } end
  if #new > 0 then redis.call('HSET', key, unpack(new)) end
  if stored ~= '' or pickup ~= '' then redis.call('EXPIRE', key, life) end
  held[2 * i - 1], held[2 * i] = both[1] or stored, both[2] or pickup
end
return held
