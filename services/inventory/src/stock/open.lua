-- What is set aside for some orders.
-- In:  count; order ids.
-- Out: per order that is reserved {id, at, valid until, {SKU, units, ...}}.

local found = {}
for _ = 1, number() do
  local id = take()
  local known = redis.call('HMGET', P .. 'order:' .. id, 'status', 'at', 'until', 'lines')
  if known[1] == 'reserved' then
    found[#found + 1] = { id, known[2], known[3], held(known[4]) }
  end
end
return found
