-- How many keys are blocked, and how many lines on these partitions are to be drained.
-- The time in seconds, count of partitions, partitions.
local blocked = P .. 'blocked'
redis.call('ZREMRANGEBYSCORE', blocked, '-inf', take())
local drains = 0
for _ = 1, number() do drains = drains + redis.call('SCARD', P .. 'drains:' .. take()) end
return { redis.call('ZCARD', blocked), drains }
