-- How each record stands to the block of its key: free, the record that blocks, behind it, or done (handled again
-- before). Per record: key (empty: no order to keep), event id, partition of the key, whether it is to be handled again.
local answers = {}
for i = 1, number() do
  local key, id, partition, again = take(), take(), take(), take()
  local blocker = redis.call('HGET', P .. 'block:' .. key, 'blocker')
  if again == '1' and redis.call('EXISTS', P .. 'settled:' .. id) == 1 then
    answers[i] = 'done'
  elseif not blocker then
    answers[i] = 'free'
  elseif blocker == id and again == '1' and redis.call('SISMEMBER', P .. 'drains:' .. partition, key) == 1 then
    -- It may have been answered already, by somebody who could not say so here any more: the journal knows.
    answers[i] = 'behind'
  elseif blocker == id then
    answers[i] = 'blocker'
  else
    answers[i] = 'behind'
  end
end
return answers
