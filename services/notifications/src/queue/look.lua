-- How lanes stand. Takes: count; then per lane: its name. Returns for each: how many wait, attempts that have failed, when
-- it is tried next (µs; empty: nothing waits).
local found = {}
for i = 1, number() do
  local lane = take()
  local ready = ready_of(lane)
  found[i] = {
    tostring(redis.call('ZCARD', P .. 'queue:' .. lane)),
    redis.call('HGET', P .. 'lane:' .. lane, 'attempts') or '0',
    ready and redis.call('ZSCORE', ready, lane) or '',
  }
end
return found
