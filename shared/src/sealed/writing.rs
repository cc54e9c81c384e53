//! The sealing side's keys: claimed in Redis, published on `customer.keys` before anything is sealed with them.

use std::{sync::LazyLock, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use moka::sync::Cache;
use uuid::Uuid;

use super::{DataKey, MasterKey, SealingKeys};
use crate::{
    clock::Clock,
    envelope::ids,
    events::WrappedKey,
    fault::Fault,
    runtime::{Publisher, Root},
    state::{Args, EffectScript, State},
    trace::TraceContext,
};

static CLAIM: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("claim.lua")));
static PUBLISHED: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("published.lua")));

/// A customer who orders nothing for so long gets a new key with the next order.
const KEEP: Duration = Duration::from_secs(35 * 24 * 3600);

/// Unwrapped keys in memory: how many, and for how long. An erased customer's key is gone from here after that.
const CACHED: (u64, Duration) = (10_000, Duration::from_secs(600));

/// Each customer's current key, in the service's state under `key-of:<customer>`.
pub struct WritingKeys {
    state: State,
    publisher: Publisher,
    master: MasterKey,
    clock: Clock,
    cache: Cache<String, (Uuid, DataKey)>,
}

impl WritingKeys {
    /// Keys held in `state` and published by `publisher`.
    #[must_use]
    pub fn new(state: State, publisher: Publisher, master: MasterKey, clock: Clock) -> Self {
        let cache = Cache::builder().max_capacity(CACHED.0).time_to_live(CACHED.1).build();
        Self { state, publisher, master, clock, cache }
    }

    /// Whoever finds a key that is not known to be on the log publishes it, again if need be: same id, same content.
    async fn publish(&self, key: &WrappedKey) -> Result<(), Fault> {
        let root = Root {
            id: ids::of_root(&key.key_id.to_string(), "key"),
            source: "order-intake.keys".to_owned(),
            correlation_id: key.key_id.to_string(),
            trace: TraceContext::root(),
        };
        self.publisher.send(&self.publisher.prepare(key, root)?).await?;
        mark_published(&self.state, key).await
    }
}

#[async_trait]
impl SealingKeys for WritingKeys {
    async fn current(&self, customer_id: &str) -> Result<(Uuid, DataKey), Fault> {
        if let Some(found) = self.cache.get(customer_id) {
            return Ok(found);
        }
        let candidate = self.master.new_data_key(customer_id, self.clock.now())?;
        let (key, published) = claim(&self.state, &candidate).await?;
        let current = (key.key_id, self.master.unwrap_key(&key)?);
        if !published {
            self.publish(&key).await?;
        }
        self.cache.insert(customer_id.to_owned(), current.clone());
        Ok(current)
    }
}

/// The customer's current key, which may be the candidate; and whether it is known to be on the log.
async fn claim(state: &State, candidate: &WrappedKey) -> Result<(WrappedKey, bool), Fault> {
    let mut args = Args::new();
    args.push(&candidate.customer_id)
        .push(KEEP.as_secs())
        .push(candidate.key_id.to_string())
        .push(&candidate.master_key_id)
        .push(&candidate.nonce)
        .push(&candidate.wrapped)
        .push(candidate.created_at.as_microsecond());
    let (key_id, master_key_id, nonce, wrapped, created, published): (String, _, _, _, i64, _) =
        state.call(&CLAIM, args).await?;
    let odd = |what: &str| Fault::fatal("redis_script", format!("a stored data key has an odd {what}"));
    let key = WrappedKey {
        customer_id: candidate.customer_id.clone(),
        key_id: Uuid::parse_str(&key_id).map_err(|error| odd("id").caused_by(error))?,
        master_key_id,
        nonce,
        wrapped,
        created_at: Timestamp::from_microsecond(created).map_err(|error| odd("time").caused_by(error))?,
    };
    Ok((key, published))
}

async fn mark_published(state: &State, key: &WrappedKey) -> Result<(), Fault> {
    let mut args = Args::new();
    args.push(&key.customer_id).push(key.key_id.to_string());
    state.call(&PUBLISHED, args).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealed::tests::{master_key, redis_state};

    fn candidate(customer: &str) -> WrappedKey {
        master_key()
            .new_data_key(customer, Timestamp::from_microsecond(1_700_000_000_000_001).unwrap())
            .unwrap()
    }

    #[tokio::test]
    async fn the_first_key_of_a_customer_wins() {
        let Some((_server, state)) = redis_state("first-key").await else { return };
        let (first, second) = (candidate("c1"), candidate("c1"));
        assert_eq!(claim(&state, &first).await.unwrap(), (first.clone(), false));
        assert_eq!(claim(&state, &second).await.unwrap(), (first, false));
        let other = candidate("c2");
        assert_eq!(claim(&state, &other).await.unwrap(), (other, false));
    }

    #[tokio::test]
    async fn only_the_key_that_holds_is_marked_as_published() {
        let Some((_server, state)) = redis_state("mark-key").await else { return };
        let (first, second) = (candidate("c1"), candidate("c1"));
        claim(&state, &first).await.unwrap();
        mark_published(&state, &second).await.unwrap();
        assert!(!claim(&state, &second).await.unwrap().1);
        mark_published(&state, &first).await.unwrap();
        assert!(claim(&state, &second).await.unwrap().1);
    }
}
