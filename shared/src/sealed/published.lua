-- Notes that the customer's key is on the log. Another key in its place stays unmarked, and so does none: it was erased.
-- KEYS: the customer's current key. ARGV: key id.
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'published', 1)
end
return redis.status_reply('OK')
