-- Takes the first due of each lane whose time has come, in the given partitions. A lane that is taken is left alone until
-- the deliverer settles it, or has had its time.
-- Takes: now (µs), until when a lane is taken (µs), token, channel, limit, count; then per partition: its number.
-- Returns for each: lane, due, item, attempts that have failed.
local now, leased, token, channel, limit = take(), take(), take(), take(), number()
local taken = {}
for _ = 1, number() do
  local ready = P .. 'ready:' .. channel .. ':' .. take()
  local lanes = redis.call('ZRANGEBYSCORE', ready, '-inf', now, 'LIMIT', 0, limit)
  for _, lane in ipairs(lanes) do
    if #taken >= limit then break end
    local queue, due, item = P .. 'queue:' .. lane, nil, nil
    repeat
      due = redis.call('ZRANGE', queue, 0, 0)[1]
      item = due and redis.call('GET', P .. 'item:' .. due)
      -- Beyond its life nothing is known of it any more.
      if due and not item then redis.call('ZREM', queue, due) end
    until item or not due
    if item then
      redis.call('ZADD', ready, leased, lane)
      redis.call('HSET', P .. 'lane:' .. lane, 'token', token)
      taken[#taken + 1] = { lane, due, item, redis.call('HGET', P .. 'lane:' .. lane, 'attempts') or '0' }
    else
      redis.call('ZREM', ready, lane)
      redis.call('DEL', P .. 'lane:' .. lane)
    end
  end
end
return taken
