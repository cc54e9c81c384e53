-- Takes note of labels, in any sequence and any number of times: the newest label of an order counts, by its time and
-- then by its event, and takes the place of the one before it.
local KINDS = { 'customer', 'card', 'device', 'address' }

-- An entry is `f` or `h` and the order. It goes from wherever the earlier label has put it.
local function key_of(kind, named) return P .. 'labels:' .. kind .. ':' .. named end

local life = number()
for _ = 1, number() do
  local age, order, event, at, entry = number(), take(), take(), take(), take()
  local named = {}
  for i = 1, #KINDS do named[i] = take() end
  local key, ttl = P .. 'label:' .. order, life - age
  local known = redis.call('HMGET', key, 'at', 'event', 'entry', unpack(KINDS))
  local newer = not known[1] or tonumber(at) > tonumber(known[1]) or (at == known[1] and event > known[2])
  if newer and ttl > 0 then
    for i, kind in ipairs(KINDS) do
      local before = known[3 + i]
      if before and before ~= '' then redis.call('ZREM', key_of(kind, before), known[3] .. order) end
    end
    redis.call('HSET', key, 'at', at, 'event', event, 'entry', entry)
    for i, kind in ipairs(KINDS) do
      redis.call('HSET', key, kind, named[i])
      if named[i] ~= '' then
        local set = key_of(kind, named[i])
        redis.call('ZADD', set, at, entry .. order)
        if redis.call('TTL', set) < ttl then redis.call('EXPIRE', set, ttl) end
      end
    end
    redis.call('EXPIRE', key, ttl)
  end
end
return redis.status_reply('OK')
