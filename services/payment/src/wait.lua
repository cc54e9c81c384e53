-- Takes down that payments wait for their customers; the first wait holds. One that is over has not waited, unless that is
-- told already, on the log.
-- Takes: life of a state (s), whether it is told (1 or 0), count; then per order: id, since when (µs), until when (µs),
-- intent, partition, order, cause. Returns what is known of each order's payment. Twin: domain::wait::Payment::wait.
local life, is_told = take(), number() == 1
local found = {}
for i = 1, number() do
  local order, required_at, respond_by, intent, partition = take(), take(), take(), take(), take()
  local text, cause = take(), take()
  local phase = redis.call('GET', key_of(order))
  if (is_told or not is_over(phase)) and redis.call('HEXISTS', wait_of(order), 'required_at') == 0 then
    redis.call('HSET', wait_of(order), 'required_at', required_at, 'respond_by', respond_by, 'intent', intent,
      'partition', partition, 'order', text, 'cause', cause)
    redis.call('EXPIRE', wait_of(order), life)
    if not is_over(phase) then
      redis.call('ZADD', P .. 'due:' .. partition, respond_by, order)
      redis.call('EXPIRE', P .. 'due:' .. partition, life)
    end
  end
  if not is_over(phase) then
    phase = 'waiting'
    redis.call('SET', key_of(order), phase, 'EX', life)
  end
  found[i] = known(order, phase)
end
return found
