//! Effect scripts: Lua that decides and stores in one step, behind one guard.

use std::sync::LazyLock;

use redis::{Script, ScriptInvocation, ToRedisArgs};

use crate::faults::{Plant, planted};

/// What every effect script begins with: the guard, then `P` (the generation's key prefix), `take()` and `number()`
/// (the script's own arguments, one after the other).
///
/// KEYS: guard key, generation prefix. ARGV: the guard's value, count of partitions, then field and offset of each,
/// then the script's own arguments.
const PRELUDE: &str = r"
local P, at = KEYS[2], 2
local function take() at = at + 1; return ARGV[at] end
local function number() return tonumber(take()) end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return redis.error_reply('LOST the generation is another one, or gone')
end
for _ = 1, tonumber(ARGV[2]) do
  local field, least = take(), number()
  if least > 0 and tonumber(redis.call('HGET', P .. 'applied', field) or 0) < least then
    return redis.error_reply('LOST ' .. field .. ' is behind offset ' .. least)
  end
end
";

/// Moves applied offsets forward, never back.
pub(super) static ADVANCE: LazyLock<EffectScript> = LazyLock::new(|| {
    EffectScript::new(
        r"
for _ = 1, number() do
  local field, offset = take(), number()
  if offset > tonumber(redis.call('HGET', P .. 'applied', field) or 0) then
    redis.call('HSET', P .. 'applied', field, offset)
  end
end
return redis.status_reply('OK')
",
    )
});

/// A Lua script that runs only while the state is whole. Uses Redis 6.2 commands only.
///
/// The body reads its arguments with `take()` (text) and `number()`, names its keys `P .. 'name'`, and returns what
/// the caller decodes. One call handles a whole batch: the number of records comes first, then each record's
/// arguments.
#[derive(Debug)]
pub struct EffectScript(Script);

impl EffectScript {
    /// A script with this body.
    #[must_use]
    pub fn new(body: &str) -> Self {
        if planted(Plant::ForgottenState) {
            let unguarded = PRELUDE.replace("~= ARGV[1]", "== ''").replace("< least", "< 0");
            return Self(Script::new(&format!("{unguarded}{body}")));
        }
        Self(Script::new(&format!("{PRELUDE}{body}")))
    }

    /// By which Redis knows it.
    pub(super) fn hash(&self) -> &str {
        self.0.get_hash()
    }

    pub(super) fn prepare(&self) -> ScriptInvocation<'_> {
        self.0.prepare_invoke()
    }
}

/// The arguments of an effect script, in the order in which its body takes them.
#[derive(Debug, Default)]
pub struct Args(Vec<Vec<u8>>);

impl Args {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one argument (or several, for a type that Redis writes as several).
    pub fn push(&mut self, arg: impl ToRedisArgs) -> &mut Self {
        arg.write_redis_args(&mut self.0);
        self
    }

    pub(super) fn into_inner(self) -> Vec<Vec<u8>> {
        self.0
    }
}
