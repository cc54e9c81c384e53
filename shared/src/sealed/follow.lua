-- Folds a stretch of one partition of `customer.keys` into Redis. What Redis holds is always the fold of the log up
-- to the saved offset: a stretch that begins after it means that Redis has forgotten, records before it are in
-- already (another instance wrote them) and must not come back over a later tombstone.
-- KEYS: prefix of the keys, hash of saved offsets.
-- ARGV: partition, where the stretch begins, where it ends (exclusive), then offset, customer, key id and value of each
-- record; an empty value is a tombstone. Returns 1, or 0 when Redis holds less than the beginning.
local partition, first, next_offset = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local saved = tonumber(redis.call('HGET', KEYS[2], partition) or 0)
if saved < first then return 0 end
for at = 4, #ARGV, 4 do
  local key, value = KEYS[1] .. ARGV[at + 2], ARGV[at + 3]
  if tonumber(ARGV[at]) >= saved then
    if value == '' then redis.call('DEL', key) else redis.call('SET', key, value) end
  end
end
if next_offset > saved then redis.call('HSET', KEYS[2], partition, next_offset) end
return 1
