-- The customer's current key: the one stored, when it is on the log, else the candidate. A stored key that is not known
-- to be on the log is replaced, never published by somebody else: else a slow instance could publish it again over its
-- tombstone.
-- KEYS: the customer's current key, hash of saved offsets.
-- ARGV: seconds to keep, then the candidate's id, master key id, nonce, wrapped bytes, created (µs), then partition and
-- offset up to which the caller has followed `customer.keys`, each.
-- Returns the same five fields of the key that holds; nil when Redis is behind the caller and may hold an erased key.
for at = 7, #ARGV, 2 do
  if tonumber(redis.call('HGET', KEYS[2], ARGV[at]) or 0) < tonumber(ARGV[at + 1]) then return false end
end
if redis.call('HEXISTS', KEYS[1], 'published') == 0 then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'id', ARGV[2], 'master', ARGV[3], 'nonce', ARGV[4], 'wrapped', ARGV[5], 'created', ARGV[6])
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return redis.call('HMGET', KEYS[1], 'id', 'master', 'nonce', 'wrapped', 'created')
