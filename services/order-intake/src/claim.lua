-- One attempt at a request with an idempotency key. Takes the claim, or says how it stands.
-- Arguments: name, request hash, now (µs), end of the lease (µs), life (ms), 1 when a candidate follows, then the
-- candidate's record and answer. Without a candidate it only looks.
-- Returns {'free'} | {'mine'} | {'other'} | {'done', answer} | {'busy', µs left} | {'retry', record, answer}.
local key = P .. 'idem:' .. take()
local request, now, lease, life, candidate = take(), number(), take(), take(), take()
local held = redis.call('HMGET', key, 'request', 'lease', 'record', 'answer')
if not held[1] then
  if candidate ~= '1' then return { 'free' } end
  redis.call('HSET', key, 'request', request, 'lease', lease, 'record', take(), 'answer', take())
  redis.call('PEXPIRE', key, life)
  return { 'mine' }
end
if held[1] ~= request then return { 'other' } end
-- Done: the record is on the log, so its bytes are gone.
if not held[3] then return { 'done', held[4] } end
local left = tonumber(held[2]) - now
if left > 0 then return { 'busy', string.format('%.0f', left) } end
-- The attempt before is dead or failed. Whoever takes over sends the very bytes it kept, so should it come back to
-- life, both write the same record.
redis.call('HSET', key, 'lease', lease)
return { 'retry', held[3], held[4] }
