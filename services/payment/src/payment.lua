-- An order's payment: `order:<order>` says where it stands; `wait:<order>` is a hash of a payment that waits or has
-- waited for its customer: required_at, respond_by, intent, partition, order, cause, and `by`: who tells how it ended,
-- where that is not the step that reads the reservation. `due:<partition>` is a sorted set of waiting orders by deadline.
--
-- Invariant: the first outcome holds, with its teller.
-- Invariant: what is charging or voiding has never waited.
-- Invariant: an order is in `due` while it waits, and, ended by the deadline, until that is committed.
-- src/domain/wait.rs is the twin of this file and of those that stand on it.

local function key_of(order) return P .. 'order:' .. order end
local function wait_of(order) return P .. 'wait:' .. order end

local open = { charging = true, voiding = true, waiting = true }
local function is_over(phase) return phase and not open[string.match(phase, '^%S*')] end

-- Where the payments of a batch stand, as this call goes on: an order may stand in it twice.
local phases = {}

local function look(orders)
  -- Lua passes some thousands of arguments at most.
  for first = 1, #orders, 1000 do
    local keys = {}
    for i = first, math.min(first + 999, #orders) do keys[#keys + 1] = key_of(orders[i]) end
    for i, phase in ipairs(redis.call('MGET', unpack(keys))) do phases[orders[first + i - 1]] = phase end
  end
end

local function keep(order, phase, life)
  phases[order] = phase
  redis.call('SET', key_of(order), phase, 'EX', life)
end

local function never_waited(phase, by) return { phase or '', '', '', '', by or '' } end

-- What is known of a payment, as States reads it.
local function known(order, phase)
  if phase ~= 'waiting' and not is_over(phase) then return never_waited(phase) end
  local wait = redis.call('HMGET', wait_of(order), 'required_at', 'respond_by', 'intent', 'by')
  return { phase, wait[1] or '', wait[2] or '', wait[3] or '', wait[4] or '' }
end

local function undue(order)
  local partition = redis.call('HGET', wait_of(order), 'partition')
  if partition then redis.call('ZREM', P .. 'due:' .. partition, order) end
end
