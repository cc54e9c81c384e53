-- Queues what is to be told, once.
-- Takes: life (s), how long a due is known again (s), now (µs), when a lane that was empty is tried (µs), most dues of a
-- lane (0: any number), count; then per due: id, lane, partition, channel, revision, when it happened (µs), item.
local life, memory, now, first, limit = take(), take(), take(), take(), number()
for _ = 1, number() do
  local due, lane, partition, channel, revision, happened, item =
    take(), take(), take(), take(), take(), take(), take()
  if redis.call('SET', P .. 'seen:' .. due, 1, 'NX', 'EX', memory) then
    redis.call('SET', P .. 'item:' .. due, item, 'EX', life)
    local queue = P .. 'queue:' .. lane
    if tonumber(redis.call('GET', P .. 'disabled:' .. lane) or 0) >= tonumber(revision) then
      finish(due, partition, 'endpoint_disabled', 0, 0, now, '', life)
    elseif limit > 0 and redis.call('ZCARD', queue) >= limit then
      disable(lane, revision, now, life)
      finish(due, partition, 'queue_full', 0, 0, now, revision, life)
    else
      redis.call('ZADD', queue, happened, due)
      redis.call('HSET', P .. 'lane:' .. lane, 'partition', partition, 'channel', channel)
      redis.call('ZADD', P .. 'ready:' .. channel .. ':' .. partition, 'NX', first, lane)
      for _, key in ipairs({ queue, P .. 'lane:' .. lane }) do redis.call('EXPIRE', key, life) end
    end
  end
end
return redis.status_reply('OK')
