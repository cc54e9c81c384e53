-- Closes each order of a batch if it is held and open; answers with its end where it is this event that has closed it,
-- now or before, else with nothing.
local stored = take()
local answers = {}
for i = 1, number() do
  local order, by, ending, at, reviewer, reason = take(), take(), take(), take(), take(), take()
  answers[i] = false
  if redis.call('HEXISTS', key_of(order), 'event') == 1 then
    if close(order, by, ending, at, reviewer, reason, stored) then unlist(order) end
    if redis.call('HGET', key_of(order), 'closed_by') == by then answers[i] = tell(order) end
  end
end
return answers
