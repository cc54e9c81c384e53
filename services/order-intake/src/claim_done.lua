-- The record is on the log: keeps the answer only. Also restores claims from the log; repeating it changes nothing.
-- Arguments: count, then of each: name, request hash, answer, life (ms).
for _ = 1, number() do
  local key, request, answer, life = P .. 'idem:' .. take(), take(), take(), take()
  redis.call('HSET', key, 'request', request, 'answer', answer)
  redis.call('HDEL', key, 'record', 'lease')
  redis.call('PEXPIRE', key, life)
end
return redis.status_reply('OK')
