-- Notes that the customer's key is on the log. Another key in its place (the first one was lost) stays unmarked.
-- Arguments: customer, key id.
local key, id = P .. 'key-of:' .. take(), take()
if redis.call('HGET', key, 'id') == id then
  redis.call('HSET', key, 'published', 1)
end
return redis.status_reply('OK')
