-- Remembers that orders were cancelled: the payment of each that has none yet can only be voided from here on.
-- Takes: life of a state (s), count; then per order: id. Twin: domain::cancel.
local life = take()
for _ = 1, number() do
  redis.call('SET', key_of(take()), 'voiding cancelled', 'EX', life, 'NX')
end
return redis.status_reply('OK')
