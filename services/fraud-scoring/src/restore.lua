-- Puts decided orders back: into the windows, and the decision under the event that led to it. Decides nothing.
-- A key ends when it would have ended without the rebuild.
for _ = 1, number() do
  local windows = read_windows()
  if not windows then return redis.error_reply(DAMAGED) end
  for i, key in ipairs(windows.keys) do
    local added, life = take(), number()
    add(windows, i, added, math.max(life, redis.call('TTL', key)))
  end
end
for _ = 1, number() do
  local key, decision, life = P .. 'decision:' .. take(), take(), number()
  if life > 0 then redis.call('SET', key, decision, 'NX', 'EX', life) end
end
return redis.status_reply('OK')
