//! The opening side's keys: memory, then Redis, then the end of `customer.keys`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use redis::{Script, aio::ConnectionManager};
use uuid::Uuid;

use super::{
    DataKey, MasterKey, OpeningKeys,
    following::{Following, Offsets, Source, behind, covers},
    memory::Memory,
};
use crate::{codec::Codec, config::Common, events::WrappedKey, fault::Fault, runtime::Service};

static FOLLOW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("follow.lua")));

/// Keys as `customer.keys` has them, cached in Redis under `<service>:keys:` and followed by a thread, which ends
/// when the last of these is dropped.
///
/// | key | holds |
/// |---|---|
/// | `keys:key:<key id>` | the record as it stands on the topic (Confluent-framed `WrappedKey`) |
/// | `keys:offsets` | hash of partition to the offset up to which the topic is in the cache |
pub struct ReadingKeys {
    redis: ConnectionManager,
    prefix: String,
    codec: Arc<Codec>,
    master: MasterKey,
    memory: Memory<(String, Uuid)>,
    pub(super) following: Following,
}

impl ReadingKeys {
    /// Starts to follow `customer.keys` for the service `name`, with the master key its settings name.
    ///
    /// # Errors
    /// When the master key or the thread cannot be had.
    pub fn start(name: &str, common: &Common, service: &Service) -> Result<Self, Fault> {
        let master = MasterKey::from_setting(common.master_key_file.as_deref())?;
        let source = Source::of(name, common, service);
        Self::follow(source, service.state().redis(), service.codec(), master)
    }

    pub(super) fn follow(
        source: Source,
        redis: ConnectionManager,
        codec: Arc<Codec>,
        master: MasterKey,
    ) -> Result<Self, Fault> {
        let (memory, prefix) = (Memory::new(), source.prefix.clone());
        let mine: Memory<(String, Uuid)> = memory.clone();
        let forget = move |customer: &str, key_id| mine.forget(&(customer.to_owned(), key_id), key_id);
        let following = Following::start(source, &FOLLOW, "key", forget)?;
        Ok(Self { redis, prefix, codec, master, memory, following })
    }

    /// The record of a key in Redis, once Redis knows as much as this process has seen there.
    async fn cached(&self, key_id: Uuid) -> Result<Option<Vec<u8>>, Fault> {
        let (key, offsets) = (format!("{}key:{key_id}", self.prefix), format!("{}offsets", self.prefix));
        let mut read = redis::pipe();
        read.get(key).hgetall(offsets);
        for is_last in [false, true] {
            let followed = self.following.offsets().await?;
            let found: (_, Offsets) = read.query_async(&mut self.redis.clone()).await?;
            match found {
                (value, saved) if covers(&saved, &followed) => return Ok(value),
                // Redis went back in time: an erased key may be there again.
                _ if is_last => break,
                _ => self.following.read_again().await?,
            }
        }
        Err(behind())
    }
}

#[async_trait]
impl OpeningKeys for ReadingKeys {
    async fn find(&self, customer_id: &str, key_id: Uuid) -> Result<Option<DataKey>, Fault> {
        self.following.offsets().await?; // not even from memory, while nobody hears of tombstones
        let name = (customer_id.to_owned(), key_id);
        if let Some((_, key)) = self.memory.get(&name) {
            return Ok(Some(key));
        }
        let mut found = self.cached(key_id).await?;
        if found.is_none() {
            self.following.catch_up().await?;
            found = self.cached(key_id).await?;
        }
        let Some(value) = found else { return Ok(None) };
        let wrapped: WrappedKey = self.codec.decode(&value)?;
        if wrapped.customer_id != customer_id || wrapped.key_id != key_id {
            return Err(Fault::poison("key_unreadable", format!("data key {key_id} is another customer's")));
        }
        let key = self.master.unwrap_key(&wrapped)?;
        Ok(self.memory.keep(name, key_id, key.clone()).then_some(key))
    }

    async fn catch_up(&self) -> Result<(), Fault> {
        self.following.catch_up().await
    }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
