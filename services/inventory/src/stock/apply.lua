-- Puts what a snapshot says of some SKUs in place, before anything else is folded.
-- In:  count; per SKU: SKU, units on hand, count of open reservations, and per reservation the order's id, at, valid until,
-- units.

for _ = 1, number() do
  local sku, on_hand = take(), take()
  redis.call('HSET', P .. 'stock:' .. sku, 'on_hand', on_hand)
  for _ = 1, number() do
    local order, at, valid_until, units = P .. 'order:' .. take(), take(), take(), number()
    local lines = held(redis.call('HGET', order, 'lines'))
    lines[#lines + 1] = sku
    lines[#lines + 1] = units
    redis.call('HSET', order, 'status', 'reserved', 'at', at, 'until', valid_until, 'lines', cmsgpack.pack(lines))
    count('reserved', { sku, units }, 1)
  end
end
put_back()
return redis.status_reply('OK')
