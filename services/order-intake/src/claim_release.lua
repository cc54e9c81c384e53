-- The attempt has failed and says so: the next one need not wait for the lease to end.
-- Arguments: name, request hash.
local key, request = P .. 'idem:' .. take(), take()
local held = redis.call('HMGET', key, 'request', 'record')
if held[1] == request and held[2] then redis.call('HSET', key, 'lease', 0) end
return redis.status_reply('OK')
