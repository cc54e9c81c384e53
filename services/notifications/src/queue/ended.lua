-- Dues that have ended and whose end is still to be told, in the given partitions, oldest first.
-- Takes: limit, count; then per partition: its number.
-- Returns for each: partition, due, item, reason, attempts, status, at, disables.
local limit = number()
local found = {}
for _ = 1, number() do
  local partition = take()
  for _, due in ipairs(redis.call('ZRANGE', P .. 'ended:' .. partition, 0, limit - 1)) do
    if #found >= limit then break end
    local item = redis.call('GET', P .. 'item:' .. due)
    local how = redis.call('HMGET', P .. 'end:' .. due, 'reason', 'attempts', 'status', 'at', 'disables')
    if item and how[1] then
      found[#found + 1] = { partition, due, item, how[1], how[2], how[3], how[4], how[5] }
    else
      redis.call('ZREM', P .. 'ended:' .. partition, due)
    end
  end
end
return found
