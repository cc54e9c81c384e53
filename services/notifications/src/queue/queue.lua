-- What is to be told, by lane: an endpoint, or one order's e-mails.
--
-- `item:<due>` is what is to be told (JSON); `seen:<due>` that it was queued once. `queue:<lane>` is a sorted set of dues
-- by when their events happened. `lane:<lane>` is a hash: partition, channel, attempts (failed in a row), token (of the
-- deliverer that has it). `ready:<channel>:<partition>` is a sorted set of lanes by when they are tried next.
-- `disabled:<lane>` is the last revision of a subscription whose endpoint was given up. `ended:<partition>` is a sorted set
-- of dues that have ended and whose end is still to be told; `end:<due>` is a hash: reason, attempts, status, at, disables.
--
-- Invariant: a due is in its queue until it has ended, and in `ended` from then until that is told.
-- Invariant: a lane is in `ready` while its queue holds anything.

local function ready_of(lane)
  local found = redis.call('HMGET', P .. 'lane:' .. lane, 'channel', 'partition')
  return found[1] and P .. 'ready:' .. found[1] .. ':' .. found[2], found[2]
end

local function finish(due, partition, reason, attempts, status, at, disables, life)
  redis.call('HSET', P .. 'end:' .. due, 'reason', reason, 'attempts', attempts, 'status', status, 'at', at,
    'disables', disables)
  redis.call('EXPIRE', P .. 'end:' .. due, life)
  redis.call('ZADD', P .. 'ended:' .. partition, at, due)
end

local function forget_lane(lane)
  local ready = ready_of(lane)
  if ready then redis.call('ZREM', ready, lane) end
  redis.call('DEL', P .. 'queue:' .. lane, P .. 'lane:' .. lane)
end

-- Gives an endpoint up: whatever waits has ended.
local function disable(lane, revision, at, life)
  local key = P .. 'disabled:' .. lane
  if tonumber(redis.call('GET', key) or 0) < tonumber(revision) then redis.call('SET', key, revision, 'EX', life) end
  local _, partition = ready_of(lane)
  for _, due in ipairs(redis.call('ZRANGE', P .. 'queue:' .. lane, 0, -1)) do
    finish(due, partition, 'endpoint_disabled', 0, 0, at, '', life)
  end
  forget_lane(lane)
end
