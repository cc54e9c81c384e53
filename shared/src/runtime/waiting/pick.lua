-- Lines to be drained on these partitions, some at a time: key, partition, record that blocks, where to read from.
-- Most per partition, count of partitions, partitions.
local most = number()
local picked = {}
for _ = 1, number() do
  local partition = take()
  for _, key in ipairs(redis.call('SRANDMEMBER', P .. 'drains:' .. partition, most)) do
    local line = redis.call('HMGET', P .. 'block:' .. key, 'blocker', 'from')
    if line[1] then
      picked[#picked + 1] = { key, partition, line[1], line[2] }
    else
      redis.call('SREM', P .. 'drains:' .. partition, key)
    end
  end
end
return picked
