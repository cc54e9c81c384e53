//! The sealing side's keys: claimed in Redis, published on `customer.keys` before anything is sealed with them, dropped
//! when their tombstone comes.

use std::{sync::LazyLock, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use redis::{Script, aio::ConnectionManager};
use uuid::Uuid;

use super::{
    DataKey, MasterKey, SealingKeys,
    following::{Following, Offsets, Source, behind},
    memory::Memory,
};
use crate::{
    clock::Clock,
    config::Common,
    envelope::ids,
    events::WrappedKey,
    fault::Fault,
    runtime::{Publisher, Root, Service},
    trace::TraceContext,
};

static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("claim.lua")));
static PUBLISHED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("published.lua")));
static FORGET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("forget.lua")));

/// A customer who orders nothing for so long gets a new key with the next order.
const KEEP: Duration = Duration::from_secs(35 * 24 * 3600);
/// How often to look for a key that is erased, or unknown to Redis, just then.
const ATTEMPTS: usize = 3;

/// Each customer's current key. It is no more than a choice: another instance, or the same one after Redis has forgotten
/// it, may choose another key, and what was sealed before opens as before.
///
/// | key | holds |
/// |---|---|
/// | `keys:of:<customer>` | hash: the customer's current key, wrapped; `published` once it is on the log |
/// | `keys:offsets` | hash of partition to the offset up to which the tombstones of `customer.keys` are obeyed |
pub struct WritingKeys {
    store: Store,
    publisher: Publisher,
    master: MasterKey,
    clock: Clock,
    memory: Memory<String>,
    following: Following,
}

impl WritingKeys {
    /// Starts to follow the tombstones of `customer.keys` for the service `name`; new keys go there too.
    ///
    /// # Errors
    /// When the thread cannot be had.
    pub fn start(name: &str, common: &Common, service: &Service, master: MasterKey) -> Result<Self, Fault> {
        let source = Source::of(name, common, service);
        Self::follow(source, service.state().redis(), service.publisher(), master, service.clock())
    }

    pub(super) fn follow(
        source: Source,
        redis: ConnectionManager,
        publisher: Publisher,
        master: MasterKey,
        clock: Clock,
    ) -> Result<Self, Fault> {
        let (memory, store) = (Memory::new(), Store { redis, prefix: source.prefix.clone() });
        let mine: Memory<String> = memory.clone();
        let forget = move |customer: &str, key_id| mine.forget(&customer.to_owned(), key_id);
        let following = Following::start(source, &FORGET, "of", forget)?;
        Ok(Self { store, publisher, master, clock, memory, following })
    }

    /// The customer's key in Redis, which is on the log by then. `None` when Redis knows less than this process.
    async fn choose(&self, customer_id: &str, followed: &Offsets) -> Result<Option<WrappedKey>, Fault> {
        let candidate = self.master.new_data_key(customer_id, self.clock.now())?;
        let chosen = self.store.claim(&candidate, followed).await?;
        if chosen.as_ref() == Some(&candidate) {
            self.publish(&candidate).await?;
        }
        Ok(chosen)
    }

    /// Only whoever made a key publishes it, once.
    async fn publish(&self, key: &WrappedKey) -> Result<(), Fault> {
        let root = Root {
            id: ids::of_root(&key.key_id.to_string(), "key"),
            source: "order-intake.keys".to_owned(),
            correlation_id: key.key_id.to_string(),
            trace: TraceContext::root(),
        };
        self.publisher.send(&self.publisher.prepare(key, root)?).await?;
        self.store.mark_published(key).await
    }
}

#[async_trait]
impl SealingKeys for WritingKeys {
    async fn current(&self, customer_id: &str) -> Result<(Uuid, DataKey), Fault> {
        for _ in 0..ATTEMPTS {
            let followed = self.following.offsets().await?; // not even from memory, while nobody hears of tombstones
            if let Some(found) = self.memory.get(&customer_id.to_owned()) {
                return Ok(found);
            }
            let Some(chosen) = self.choose(customer_id, &followed).await? else {
                // Redis went back in time: an erased key may be there again.
                self.following.read_again().await?;
                continue;
            };
            let key = self.master.unwrap_key(&chosen)?;
            if self.memory.keep(customer_id.to_owned(), chosen.key_id, key.clone()) {
                return Ok((chosen.key_id, key));
            }
        }
        Err(behind())
    }
}

/// A key as `claim.lua` tells it: id, master key id, nonce, wrapped bytes, created (µs).
type Held = (String, String, Vec<u8>, Vec<u8>, i64);

/// The current keys in Redis.
struct Store {
    redis: ConnectionManager,
    prefix: String,
}

impl Store {
    /// The customer's current key, which may be the candidate. `None` when Redis knows less than was followed.
    async fn claim(&self, candidate: &WrappedKey, followed: &Offsets) -> Result<Option<WrappedKey>, Fault> {
        let mut call = CLAIM.key(self.current(candidate));
        call.key(format!("{}offsets", self.prefix))
            .arg(KEEP.as_secs())
            .arg(candidate.key_id.to_string())
            .arg(&candidate.master_key_id)
            .arg(&candidate.nonce)
            .arg(&candidate.wrapped)
            .arg(candidate.created_at.as_microsecond());
        for (partition, offset) in followed {
            call.arg(*partition).arg(*offset);
        }
        let held: Option<Held> = call.invoke_async(&mut self.redis.clone()).await?;
        let Some((key_id, master_key_id, nonce, wrapped, created)) = held else { return Ok(None) };
        let odd = |what: &str| Fault::fatal("redis_script", format!("a stored data key has an odd {what}"));
        Ok(Some(WrappedKey {
            customer_id: candidate.customer_id.clone(),
            key_id: Uuid::parse_str(&key_id).map_err(|error| odd("id").caused_by(error))?,
            master_key_id,
            nonce,
            wrapped,
            created_at: Timestamp::from_microsecond(created).map_err(|error| odd("time").caused_by(error))?,
        }))
    }

    async fn mark_published(&self, key: &WrappedKey) -> Result<(), Fault> {
        let mut call = PUBLISHED.key(self.current(key));
        Ok(call.arg(key.key_id.to_string()).invoke_async(&mut self.redis.clone()).await?)
    }

    fn current(&self, key: &WrappedKey) -> String {
        format!("{}of:{}", self.prefix, key.customer_id)
    }
}

#[cfg(test)]
#[path = "writing_tests.rs"]
mod tests;
