-- An order's payment: `order:<order>` says where it stands; `wait:<order>` is a hash of a payment that waits or has
-- waited for its customer: required_at, respond_by, intent, partition, order, cause, and `by`: who tells how it ended,
-- where that is not the step that reads the reservation. `due:<partition>` is a sorted set of waiting orders by deadline.
--
-- Invariant: the first outcome holds, with its teller.
-- Invariant: an order is in `due` while it waits, and, ended by the deadline, until that is committed.
-- src/domain/wait.rs is the twin of this file and of those that stand on it.

local function key_of(order) return P .. 'order:' .. order end
local function wait_of(order) return P .. 'wait:' .. order end

local open = { charging = true, voiding = true, waiting = true }
local function is_over(phase) return phase and not open[string.match(phase, '^%S*')] end

-- What is known of a payment, as States reads it.
local function known(order, phase)
  local wait = redis.call('HMGET', wait_of(order), 'required_at', 'respond_by', 'intent', 'by')
  return { phase or '', wait[1] or '', wait[2] or '', wait[3] or '', wait[4] or '' }
end

local function undue(order)
  local partition = redis.call('HGET', wait_of(order), 'partition')
  if partition then redis.call('ZREM', P .. 'due:' .. partition, order) end
end
