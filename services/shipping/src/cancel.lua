-- Keeps a cancel of each order of which nothing was heard yet, and rejects it where it comes too late; once an order.
-- Takes: life of a state (s), count; then per order: id, event id, now (µs).
-- Returns the rejection each event is told, `<event id> <µs> <reason>`, or nothing. Twin: Standing::cancel.
local TOO_LATE = { labelling = 'label_bought', labelled = 'label_bought', failed = 'undeliverable' }
local life = take()
local answers = {}
for i = 1, number() do
  local key, event, now = P .. 'order:' .. take(), take(), take()
  local known = redis.call('HMGET', key, 'phase', 'rejection')
  local phase, rejection = known[1], known[2]
  if not phase then
    redis.call('HSET', key, 'phase', 'cancelling')
    redis.call('EXPIRE', key, life)
  elseif TOO_LATE[phase] and not rejection then
    rejection = event .. ' ' .. now .. ' ' .. TOO_LATE[phase]
    redis.call('HSET', key, 'rejection', rejection)
    redis.call('EXPIRE', key, life)
  end
  answers[i] = rejection and rejection:sub(1, #event) == event and rejection or ''
end
return answers
