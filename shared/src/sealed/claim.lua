-- The customer's current key: the one stored, else the candidate. The first writer wins.
-- Arguments: customer, seconds to keep, then the candidate's id, master key id, nonce, wrapped bytes, created (µs).
-- Returns the same five fields of the key that holds, and whether it is known to be on the log.
local key, keep = P .. 'key-of:' .. take(), take()
local id, master, nonce, wrapped, created = take(), take(), take(), take(), take()
if redis.call('EXISTS', key) == 0 then
  redis.call('HSET', key, 'id', id, 'master', master, 'nonce', nonce, 'wrapped', wrapped, 'created', created)
end
redis.call('EXPIRE', key, keep)
local held = redis.call('HMGET', key, 'id', 'master', 'nonce', 'wrapped', 'created')
held[6] = redis.call('HEXISTS', key, 'published')
return held
