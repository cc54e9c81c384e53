-- Stores each decision unless there is one already, and answers with what is stored: the first decision wins.
local stored = take()
local answers = {}
for i = 1, number() do
  local key, decision = P .. 'event:' .. take(), take()
  if redis.call('HSETNX', key, 'decision', decision) == 1 then
    redis.call('EXPIRE', key, stored)
    answers[i] = decision
  else
    answers[i] = redis.call('HGET', key, 'decision')
  end
end
return answers
