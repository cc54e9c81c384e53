-- What labels say of whom and what an order names: how many orders of its customer, card, device and address turned out
-- to be fraud, and how many honest. Of each the newest 64 labels count, of the year before the order was placed and since.
-- src/labels.rs is the twin of this file and of label.lua; a property test holds the two to each other.
local function learned(order)
  local labels = P .. 'labels:'
  -- Most are of people nobody has told anything about: one look instead of four.
  local known = redis.call('EXISTS', labels .. 'customer:' .. order.customer, labels .. 'card:' .. order.card,
    labels .. 'device:' .. order.device, labels .. 'address:' .. order.address)
  if known == 0 then return '0 0 0 0 0 0 0 0' end
  local from, counts = '(' .. whole(order.placed - 365 * DAY), {}
  for _, kind in ipairs({ 'customer', 'card', 'device', 'address' }) do
    local fraud, honest = 0, 0
    if order[kind] ~= '' then
      local key = labels .. kind .. ':' .. order[kind]
      for _, entry in ipairs(redis.call('ZREVRANGEBYSCORE', key, '+inf', from, 'LIMIT', 0, 64)) do
        if string.sub(entry, 1, 1) == 'f' then fraud = fraud + 1 else honest = honest + 1 end
      end
    end
    counts[#counts + 1] = fraud
    counts[#counts + 1] = honest
  end
  return table.concat(counts, ' ')
end
