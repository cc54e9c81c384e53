-- Windows of recent orders. A window is one text: entries of one width, each order's once, by time and then by order.
--
-- Invariant: what a window holds is a function of the set of orders it was given, whatever their sequence, because
-- both bounds keep an upper part of the set. That is why a rebuild, which reads in another sequence, gives the same.
-- src/windows.rs is the twin of this file, and works out what an order sees; a property test holds the two to each other.

-- An entry begins with when its order was placed (8 bytes, microseconds), and the order (6 bytes).
local function place(entry) return struct.unpack('>i8I6', entry) end

-- The n-th entry of a window, from 1.
local function entry(window, n, width) return string.sub(window, (n - 1) * width + 1, n * width) end

-- A window with one entry more, unless its order stands there. Most orders come as they were placed: to the end.
local function with(window, added, width)
  local placed, order = place(added)
  for n = #window / width, 1, -1 do
    local other_placed, other = place(entry(window, n, width))
    if placed == other_placed and order == other then return window end
    if placed > other_placed or (placed == other_placed and order > other) then
      return string.sub(window, 1, n * width) .. added .. string.sub(window, n * width + 1)
    end
  end
  return added .. window
end

-- Its newest `cap` entries, of those that are less than `reach` (microseconds) behind the newest.
local function within(window, bounds)
  local count, width = #window / bounds.width, bounds.width
  local first, newest = math.max(1, count - bounds.cap + 1), place(entry(window, count, width))
  while place(entry(window, first, width)) <= newest - bounds.reach do first = first + 1 end
  return first == 1 and window or string.sub(window, (first - 1) * width + 1)
end

-- Windows of one kind, as Touched::push_to writes them: their names, keys and what they hold. Behind them come the entries
-- to be added to each, and its life. Nothing where one is no window: such a state counts as lost.
local DAMAGED = 'LOST a window is not of this shape'
local function read_windows()
  local name, bounds = take(), { width = number(), cap = number(), reach = number() }
  local windows = { kind = name, names = {}, keys = {}, held = {}, bounds = bounds }
  local names, keys, held = windows.names, windows.keys, windows.held
  for i = 1, number() do
    names[i] = take()
    keys[i] = P .. name .. ':' .. names[i]
  end
  for from = 1, #keys, 1000 do -- as many as Lua hands over at once
    local texts = redis.call('MGET', unpack(keys, from, math.min(from + 999, #keys)))
    for i = 1, #texts do
      if texts[i] and #texts[i] % bounds.width ~= 0 then return nil end
      held[from + i - 1] = texts[i]
    end
  end
  return windows
end

-- Adds entries to the i-th of them, which then has this life (seconds).
local function add(windows, i, added, life)
  local window, bounds = windows.held[i] or '', windows.bounds
  for n = 1, #added / bounds.width do window = with(window, entry(added, n, bounds.width), bounds.width) end
  redis.call('SET', windows.keys[i], within(window, bounds), 'EX', life)
end
