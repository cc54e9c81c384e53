-- What a batch is about to do to the lines of its keys, before it is produced. Whatever is noted here is void when the
-- batch is taken back, since its records come again.
-- Keeping time in seconds, the time, the most waiting records of a key, the most blocked keys. Per change: what, key,
-- event id, partition of the key, offset in the journal from which on it may have records of this line.
local life, now, most_waits, most_blocks = number(), number(), number(), number()
local blocked = P .. 'blocked'
local answers = {}
for i = 1, number() do
  local what, key, id, partition, from = take(), take(), take(), take(), take()
  local block, waits, drains = P .. 'block:' .. key, P .. 'waits:' .. key, P .. 'drains:' .. partition
  local blocker = redis.call('HGET', block, 'blocker')
  local answer = 'noted'
  if what == 'settle' then
    -- Whether it is settled is for the journal to say; this is where to look.
    if blocker == id then redis.call('SADD', drains, key) end
  elseif what == 'bury' then
    redis.call('HSET', block, 'blocker', id)
    redis.call('HSETNX', block, 'from', from)
    redis.call('SREM', waits, id)
  elseif what == 'block' and blocker == id then
    redis.call('SREM', drains, key)
  elseif what == 'wait' and blocker == id then
    -- The journal will say whether it was answered before; there is always place for it, since all others wait for it.
    answer = 'waits'
  elseif what == 'block' and not blocker and redis.call('EXISTS', P .. 'settled:' .. id) == 1 then
    -- A repeat of a record that has been answered: nothing has to wait for it.
    answer = 'noted'
  elseif not blocker and redis.call('ZCARD', blocked) >= most_blocks then
    answer = 'full'
  elseif what == 'block' and not blocker then
    redis.call('HSET', block, 'blocker', id, 'from', from)
  elseif redis.call('SISMEMBER', waits, id) == 0 and redis.call('SCARD', waits) >= most_waits then
    answer = 'full'
  else
    redis.call('SADD', waits, id)
    answer = 'waits'
    if not blocker then
      -- What it was to wait for has just been settled: it goes its way by the journal.
      redis.call('HSET', block, 'blocker', '', 'from', from)
      redis.call('SADD', drains, key)
    end
  end
  if redis.call('EXISTS', block) == 1 then
    redis.call('ZADD', blocked, now + life, key)
    for _, name in ipairs({ block, waits, drains, blocked }) do redis.call('EXPIRE', name, life) end
  end
  answers[i] = answer
end
return answers
