-- Changes what is on the shelf, or refuses to. The first answer to a request stands: a repeat gets it again.
-- In:  count; per request: event id, SKU, delta, now (microseconds).
-- Out: per request {'' or the reason of the refusal, on hand, reserved, answered at}.

local function answer(sku, delta, now)
  local on_hand, reserved = level(sku)
  -- A delta beyond MOST is not exact in Lua, but then the sum is out of bounds either way.
  local after = on_hand + tonumber(delta)
  if after > MOST then return {'overflow', on_hand, reserved, now} end
  if after < reserved then return {'below_reserved', on_hand, reserved, now} end
  add('on_hand', sku, tonumber(delta))
  return {'', after, reserved, now}
end

local answers = {}
for n = 1, number() do
  local key, sku, delta, now = P .. 'adjustment:' .. take(), take(), take(), take()
  local first = redis.call('GET', key)
  if first then
    answers[n] = cmsgpack.unpack(first)
  else
    answers[n] = answer(sku, delta, now)
    redis.call('SET', key, cmsgpack.pack(answers[n]), 'EX', KEPT)
  end
end
put_back()
return answers
