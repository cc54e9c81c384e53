-- Drops the current keys that a stretch of one partition of `customer.keys` erases: those with the very id of a
-- tombstone, since a customer who has come back has another one by now.
-- KEYS: prefix of the customers' current keys, hash of saved offsets. ARGV and answer: as in follow.lua.
local partition, first, next_offset = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local saved = tonumber(redis.call('HGET', KEYS[2], partition) or 0)
if saved < first then return 0 end
for at = 4, #ARGV, 4 do
  local key = KEYS[1] .. ARGV[at + 1]
  if ARGV[at + 3] == '' and redis.call('HGET', key, 'id') == ARGV[at + 2] then redis.call('DEL', key) end
end
if next_offset > saved then redis.call('HSET', KEYS[2], partition, next_offset) end
return 1
