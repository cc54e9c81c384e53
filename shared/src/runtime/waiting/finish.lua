-- Takes in what the journal says of lines: who is settled, and whether the line has stopped again behind a record that
-- was given up. A line in which nobody waits any more is dropped. Answers how many still wait, per line.
-- Keeping time in seconds, count of lines. Per line: key, partition of the key, the record it has stopped behind (empty:
-- none), count of settled ids, ids.
local life = number()
local answers = {}
for i = 1, number() do
  local key, partition, stopped, count = take(), take(), take(), number()
  local block, waits, drains = P .. 'block:' .. key, P .. 'waits:' .. key, P .. 'drains:' .. partition
  for _ = 1, count do
    local id = take()
    redis.call('SET', P .. 'settled:' .. id, '1', 'EX', life)
    redis.call('SREM', waits, id)
    if redis.call('HGET', block, 'blocker') == id then redis.call('HSET', block, 'blocker', '') end
  end
  local left = redis.call('SCARD', waits)
  local blocker = redis.call('HGET', block, 'blocker')
  -- What was read of the journal may be older than the answer to a record that has been handled again since.
  if stopped ~= '' and blocker and redis.call('EXISTS', P .. 'settled:' .. stopped) == 0 then
    redis.call('HSET', block, 'blocker', stopped)
    redis.call('SREM', waits, stopped)
    redis.call('SREM', drains, key)
  elseif left == 0 and blocker == '' then
    redis.call('DEL', block, waits)
    redis.call('ZREM', P .. 'blocked', key)
    redis.call('SREM', drains, key)
  end
  answers[i] = left
end
return answers
