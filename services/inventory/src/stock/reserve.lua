-- Sets all lines of each order aside, or none. The first decision about an order id stands: a repeat gets it again.
-- In:  count; per order: id, now, valid until (microseconds), count of SKUs, then each SKU (once) and its units.
-- Out: per order {decided at, valid until or '' when short, {short SKU, units wanted, units available, ...}}.

local function shortage(lines)
  local short = {}
  for i = 1, #lines, 2 do
    local sku, units = lines[i], lines[i + 1]
    local on_hand, reserved = level(sku)
    if on_hand - reserved < units then
      short[#short + 1] = sku
      short[#short + 1] = units
      short[#short + 1] = on_hand - reserved
    end
  end
  return short
end

local function decide(order, now, valid_until, lines, has_end)
  local short = shortage(lines)
  if #short > 0 then
    mark_short(order, now, short)
    return {now, '', short}
  end
  set_aside(order, now, valid_until, lines)
  -- The key has no end while its units count as reserved; whoever settles the order gives it one.
  if has_end then redis.call('PERSIST', order) end
  return {now, valid_until, {}}
end

local answers = {}
for n = 1, number() do
  local order, now, valid_until, lines = P .. 'order:' .. take(), take(), take(), items(2)
  local first = redis.call('HMGET', order, 'at', 'until', 'short', 'status')
  if first[1] then
    answers[n] = {first[1], first[2] or '', first[3] and cmsgpack.unpack(first[3]) or {}}
  else
    -- Known and yet undecided: a rebuild has met its end alone.
    answers[n] = decide(order, now, valid_until, lines, first[4])
  end
end
put_back()
return answers
