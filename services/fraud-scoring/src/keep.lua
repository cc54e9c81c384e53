-- Stores each decision unless there is one already, and answers with what is stored: the first decision wins. An order
-- it holds is held from the same moment on. What the order saw is of no use any more: it goes.
local stored = take()
local answers = {}
for i = 1, number() do
  local key, decision = P .. 'event:' .. take(), take()
  local held = take() == 'held' and read_held()
  if redis.call('HSETNX', key, 'decision', decision) == 1 then
    -- A key that had a history has a life; one that had none was made just now.
    if redis.call('HDEL', key, 'history') == 0 then redis.call('EXPIRE', key, stored) end
    if held then hold(held, stored) end
    answers[i] = decision
  else
    answers[i] = redis.call('HGET', key, 'decision')
  end
end
return answers
