-- Ends the reservation of each order, once: what was set aside is free again, or has left the shelf. The event that
-- ended it gets its answer again; any other finds nothing to end.
-- In:  `released` or `shipped`, count; per order: id, id of the event that asks, now (microseconds).
-- Out: per order the time of its end, or '' when there is nothing to say.

local ending = take()
local answers = {}
for n = 1, number() do
  local order, cause, now = P .. 'order:' .. take(), take(), take()
  local known = redis.call('HMGET', order, 'status', 'settled_by', 'settled_at', 'lines')
  if known[1] == 'reserved' then
    local lines = held(known[4])
    settle(order, ending, now, cause, lines, ending == 'shipped' and lines or {})
    answers[n] = now
  elseif known[2] == cause then
    answers[n] = known[3]
  else
    answers[n] = ''
  end
end
put_back()
return answers
