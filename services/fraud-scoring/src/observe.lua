-- Adds the orders of a batch to their windows, once however often they come, and answers with what each window held
-- before, and with those windows (their place in the answer) whose customer, card, device or address has labels.
local LABELLED = { customer = true, card = true, device = true, address = true }

-- Most are of people nobody has told anything about: one look for many.
local function note_labelled(windows, before, labelled)
  local keys = {}
  for i, name in ipairs(windows.names) do keys[i] = P .. 'labels:' .. windows.kind .. ':' .. name end
  for from = 1, #keys, 50 do
    local to = math.min(from + 49, #keys)
    if redis.call('EXISTS', unpack(keys, from, to)) > 0 then
      for i = from, to do
        if redis.call('EXISTS', keys[i]) == 1 then labelled[#labelled + 1] = before + i end
      end
    end
  end
end

local answers, labelled = {}, {}
for _ = 1, number() do
  local windows, before = read_windows(), #answers
  if not windows then return redis.error_reply(DAMAGED) end
  for i = 1, #windows.keys do
    answers[before + i] = windows.held[i]
    local added, life = take(), take()
    add(windows, i, added, life)
  end
  if LABELLED[windows.kind] then note_labelled(windows, before, labelled) end
end
return { answers, labelled }
