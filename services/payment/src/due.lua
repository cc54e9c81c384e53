-- Payments whose time is up in the given partitions, oldest first. They stay until they are settled or put off, so a
-- repeat answers the same. What has ended otherwise is dropped.
-- Takes: now (µs), limit, count; then per partition: its number.
-- Returns for each what is known, then the order, its cause, its partition and its id.
local now, limit = take(), number()
local found = {}
for _ = 1, number() do
  local partition = take()
  local due = P .. 'due:' .. partition
  local entries = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit)
  for i = 1, #entries, 2 do
    found[#found + 1] = { due = due, partition = partition, order = entries[i], at = tonumber(entries[i + 1]) }
  end
end
table.sort(found, function(a, b)
  if a.at ~= b.at then return a.at < b.at end
  return a.order < b.order
end)
local answers = {}
for i = 1, math.min(limit, #found) do
  local order = found[i].order
  local told = known(order, redis.call('GET', key_of(order)))
  local wait = redis.call('HMGET', wait_of(order), 'order', 'cause')
  if wait[1] and (told[1] == 'waiting' or told[5] == 'deadline') then
    told[6], told[7], told[8], told[9] = wait[1], wait[2], found[i].partition, order
    answers[#answers + 1] = told
  else
    redis.call('ZREM', found[i].due, order)
  end
end
return answers
