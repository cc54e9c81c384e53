-- Looks, and learns nothing. Arguments: `customer` and an id, or `product` and a SKU. Answers as learn.lua does to one event.
local what, name = take(), take()
local clues, excluded = { 'c', name }, { name }
if what == 'customer' then clues, excluded = context(name) end
local out, skus = { '', '1' }, {}
append(out, clues)
append(out, excluded)
for i = 2, #clues, 2 do skus[clues[i]] = true end
append_relations(out, skus)
return out
