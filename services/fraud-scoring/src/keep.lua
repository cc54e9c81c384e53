-- Stores each decision unless there is one already, and answers with that one: the first decision wins. An order it
-- holds is held from the same moment on.
local stored = take()
local answers = {}
for i = 1, number() do
  local key, decision = P .. 'decision:' .. take(), take()
  local held = take() == 'held' and read_held()
  if redis.call('SET', key, decision, 'NX', 'EX', stored) then
    if held then hold(held, stored) end
    answers[i] = false
  else
    answers[i] = redis.call('GET', key)
  end
end
return answers
