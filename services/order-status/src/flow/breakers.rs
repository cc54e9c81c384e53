//! What services call no more: breakers that are open, as `audit` tells.

use std::{collections::HashMap, sync::LazyLock};

use jiff::{SignedDuration, Timestamp};
use orderflow::{
    events::BreakerMoved,
    fault::Fault,
    state::{Args, EffectScript, State},
};
use redis::AsyncCommands;

/// The newest word of each breaker of each instance: any order, any number of times.
static TAKE_NOTE: LazyLock<EffectScript> = LazyLock::new(|| {
    EffectScript::new(
        r"
for _ = 1, number() do
  local name, at, to = take(), take(), take()
  local known = redis.call('HGET', P .. 'breakers', name)
  if not known or tonumber(string.match(known, '^%d+')) < tonumber(at) then
    redis.call('HSET', P .. 'breakers', name, at .. ' ' .. to)
  end
end
",
    )
});

/// An instance that is gone says nothing more: what it said last is shown for so long.
const SHOWN: SignedDuration = SignedDuration::from_hours(24);

/// A breaker that is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Whose.
    pub service: String,
    /// Of which dependency.
    pub breaker: String,
    /// `open`, or `half_open` while it is tried again.
    pub state: String,
    /// Since when.
    pub since: Timestamp,
}

/// Takes note of breakers that have moved, in one call. Any number of times.
///
/// # Errors
/// As [`State::call`].
pub async fn take_note(state: &State, moved: &[BreakerMoved]) -> Result<(), Fault> {
    if moved.is_empty() {
        return Ok(());
    }
    let mut args = Args::new();
    args.push(moved.len());
    for BreakerMoved { service, instance, breaker, to, moved_at, .. } in moved {
        args.push(format!("{service}/{instance}/{breaker}")).push(moved_at.as_microsecond()).push(to);
    }
    state.call(&TAKE_NOTE, args).await
}

/// Those that are not closed, each once however many instances say so.
///
/// # Errors
/// `Transient` when Redis does not answer.
pub async fn open(state: &State, now: Timestamp) -> Result<Vec<Open>, Fault> {
    let kept: HashMap<String, String> = state.redis().hgetall(state.key("breakers")).await?;
    let mut open: Vec<Open> = kept.iter().filter_map(|(name, word)| read(name, word)).collect();
    open.retain(|open| open.state != "closed" && now.duration_since(open.since) < SHOWN);
    open.sort_by(|a, b| (&a.service, &a.breaker, a.since).cmp(&(&b.service, &b.breaker, b.since)));
    open.dedup_by(|later, first| (&later.service, &later.breaker) == (&first.service, &first.breaker));
    Ok(open)
}

fn read(name: &str, word: &str) -> Option<Open> {
    let mut parts = name.splitn(3, '/');
    let (service, _, breaker) = (parts.next()?, parts.next()?, parts.next()?);
    let (at, state) = word.split_once(' ')?;
    let since = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
    Some(Open { service: service.to_owned(), breaker: breaker.to_owned(), state: state.to_owned(), since })
}
