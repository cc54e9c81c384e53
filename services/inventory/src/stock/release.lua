-- Frees what is set aside for each order. The event that released an order gets its answer again; any other finds
-- nothing to release.
-- In:  count; per order: id, id of the event that asks, now (microseconds).
-- Out: per order the time of its release, or '' when there is nothing to say.

local answers = {}
for n = 1, number() do
  local order, cause, now = P .. 'order:' .. take(), take(), take()
  local known = redis.call('HMGET', order, 'status', 'released_by', 'released_at')
  if known[1] == 'reserved' then
    set_free(order, now, cause)
    answers[n] = now
  elseif known[2] == cause then
    answers[n] = known[3]
  else
    answers[n] = ''
  end
end
return answers
