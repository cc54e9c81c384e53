-- What labels say of whom and what each order names: how many orders of its customer, card, device and address turned
-- out to be fraud, and how many honest. Of each the newest 64 labels count, of the year before the order was placed and
-- since. src/labels.rs is the twin of this file and of label.lua; a property test holds the two to each other.
local answers = {}
for i = 1, number() do
  local from, counts = '(' .. take(), {}
  for k, kind in ipairs({ 'customer', 'card', 'device', 'address' }) do
    local named, fraud, honest = take(), 0, 0
    if named ~= '' then
      local key = P .. 'labels:' .. kind .. ':' .. named
      for _, entry in ipairs(redis.call('ZREVRANGEBYSCORE', key, '+inf', from, 'LIMIT', 0, 64)) do
        if string.sub(entry, 1, 1) == 'f' then fraud = fraud + 1 else honest = honest + 1 end
      end
    end
    counts[2 * k - 1], counts[2 * k] = fraud, honest
  end
  answers[i] = counts
end
return answers
