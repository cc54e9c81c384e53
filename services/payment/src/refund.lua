-- Begins the refund of each order that has none yet, for this reason.
-- Takes: life of a state (s), reason, count; then per order: id.
-- Returns for each order where its payment stands, empty when nothing is known of one, then where its refund stands.
-- Twin: domain::refund::begin.
local life, reason = take(), take()
local found = {}
for i = 1, number() do
  local order = take()
  local key = P .. 'refund:' .. order
  local refund = redis.call('GET', key)
  if not refund then
    refund = 'refunding ' .. reason
    redis.call('SET', key, refund, 'EX', life)
  end
  found[i] = { redis.call('GET', P .. 'order:' .. order) or '', refund }
end
return found
