-- Orders held for review. `held:<order>` is a hash: the order as it was held (event, partition, score, escalate_at,
-- review_by, order, decision, cause), `escalated` once the reminder is out, and how it ended (closed_by, ending, at,
-- reviewer, reason). `due:<partition>` is a sorted set of orders by when something of them is due.
--
-- Invariant: the first closing wins; it is never replaced.
-- Invariant: a held order is in `due` while it is open, and, closed by the deadline, until that is committed. One that
-- an event has closed is not: the event is read again until its answer is committed.
-- src/held.rs is the twin of this file and of those that stand on it; a property test holds the two to each other.

local function key_of(order) return P .. 'held:' .. order end

-- A held order from the arguments, as Reviews::push_held writes it.
local function read_held()
  return {
    id = take(), event = take(), partition = take(), score = take(), escalate_at = take(), review_by = take(),
    order = take(), decision = take(), cause = take(),
  }
end

-- Lists an open order under what is due next: the reminder first, then the decision.
local function list(order, stored)
  local held = redis.call('HMGET', key_of(order), 'partition', 'escalate_at', 'review_by', 'escalated', 'closed_by')
  local partition, escalate_at, review_by, escalated, closed_by = unpack(held)
  if partition and not closed_by then
    local due = P .. 'due:' .. partition
    redis.call('ZADD', due, escalated and review_by or escalate_at, order)
    redis.call('EXPIRE', due, stored)
  end
end

local function unlist(order)
  local partition = redis.call('HGET', key_of(order), 'partition')
  if partition then redis.call('ZREM', P .. 'due:' .. partition, order) end
end

-- Holds an order; it stays as it was held first.
local function hold(held, stored)
  local key = key_of(held.id)
  if redis.call('HEXISTS', key, 'event') == 1 then return end
  redis.call('HSET', key, 'event', held.event, 'partition', held.partition, 'score', held.score,
    'escalate_at', held.escalate_at, 'review_by', held.review_by,
    'order', held.order, 'decision', held.decision, 'cause', held.cause)
  if redis.call('HEXISTS', key, 'closed_by') == 0 then redis.call('EXPIRE', key, stored) end
  list(held.id, stored)
end

-- Closes an order unless it is closed, and says whether it did.
local function close(order, by, ending, at, reviewer, reason, life)
  local key = key_of(order)
  if redis.call('HSETNX', key, 'closed_by', by) == 0 then return false end
  redis.call('HSET', key, 'ending', ending, 'at', at, 'reviewer', reviewer, 'reason', reason)
  redis.call('EXPIRE', key, life)
  return true
end

-- All that is known of an order, as Reviews::read takes it.
local function tell(order)
  local told = redis.call('HMGET', key_of(order), 'order', 'decision', 'cause', 'partition', 'escalate_at', 'review_by',
    'closed_by', 'ending', 'at', 'reviewer', 'reason')
  for i, value in ipairs(told) do told[i] = value or '' end
  return told
end
