-- Keeps what came of an attempt, unless another deliverer has taken the lane meanwhile.
-- Takes: life (s), now (µs), lane, due, token, what (`later`, `again` without counting, `ended`), when it is tried next (µs),
-- reason (empty: delivered), status, the revision that is disabled by it (empty: none).
local life, now, lane, due, token = take(), take(), take(), take(), take()
local what, next_at, reason, status, disables = take(), take(), take(), take(), take()
local key, queue = P .. 'lane:' .. lane, P .. 'queue:' .. lane
if redis.call('HGET', key, 'token') ~= token or not redis.call('ZSCORE', queue, due) then return 0 end
local ready, partition = ready_of(lane)
if what == 'ended' then
  redis.call('ZREM', queue, due)
  local attempts = tonumber(redis.call('HGET', key, 'attempts') or 0) + 1
  finish(due, partition, reason, attempts, status, now, disables, life)
  if disables ~= '' then
    disable(lane, disables, now, life)
    return 1
  end
  redis.call('HDEL', key, 'attempts', 'token')
  if redis.call('ZCARD', queue) == 0 then forget_lane(lane) else redis.call('ZADD', ready, now, lane) end
else
  if what == 'later' then redis.call('HINCRBY', key, 'attempts', 1) end
  redis.call('HDEL', key, 'token')
  redis.call('ZADD', ready, next_at, lane)
  for _, one in ipairs({ queue, key }) do redis.call('EXPIRE', one, life) end
end
return 1
