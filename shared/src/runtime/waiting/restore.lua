-- Makes lines again from the journal. Keeping time in seconds, the time; count of settled letters, their ids; count of
-- lines, and per line: key, partition, record that blocks (empty: it is settled), where to read from, count of waiting
-- ids, ids.
local life, now = number(), number()
for _ = 1, number() do redis.call('SET', P .. 'settled:' .. take(), '1', 'EX', life) end
for _ = 1, number() do
  local key, partition, blocker, from, count = take(), take(), take(), take(), number()
  local block, waits, drains = P .. 'block:' .. key, P .. 'waits:' .. key, P .. 'drains:' .. partition
  redis.call('HSET', block, 'blocker', blocker, 'from', from)
  for _ = 1, count do redis.call('SADD', waits, take()) end
  if blocker == '' then redis.call('SADD', drains, key) end
  redis.call('ZADD', P .. 'blocked', now + life, key)
  for _, name in ipairs({ block, waits, drains, P .. 'blocked' }) do redis.call('EXPIRE', name, life) end
end
return redis.status_reply('OK')
