-- What is due by now in the given partitions, oldest first: orders to remind of, and orders nobody has reviewed in time,
-- which are closed here. Entries stay until they are settled, so a repeat answers the same.
local stored, now, limit, reject_above, reviewer, reason = take(), take(), number(), number(), take(), take()
local found = {}
for _ = 1, number() do
  local due = P .. 'due:' .. take()
  local entries = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit)
  for i = 1, #entries, 2 do
    found[#found + 1] = { due = due, order = entries[i], at = tonumber(entries[i + 1]) }
  end
end
table.sort(found, function(a, b)
  if a.at ~= b.at then return a.at < b.at end
  return a.order < b.order
end)

local answers = {}
for i = 1, math.min(limit, #found) do
  local order = found[i].order
  local held = redis.call('HMGET', key_of(order), 'event', 'score', 'escalated', 'closed_by')
  local event, score, escalated, closed_by = unpack(held)
  if event and escalated and not closed_by then
    local ending = tonumber(score) > reject_above and 'rejected' or 'approved'
    close(order, event, ending, now, reviewer, reason, stored)
    closed_by = event
  end
  if event and (not closed_by or closed_by == event) then
    answers[#answers + 1] = tell(order)
  else
    redis.call('ZREM', found[i].due, order) -- its own key has ended before it was decided
  end
end
return answers
