//! A compacted topic, followed outside the group: what stands on it of each key, all of it and from then on.
//!
//! An OS thread with a consumer of its own; nothing is committed. After a failure it reads the topic again from its
//! beginning, and what was known stands until that is done. Meant for small topics: all of it is in memory.

use std::{collections::BTreeMap, thread, time::Duration};

use tokio::{runtime::Handle, sync::watch};
use tracing::{error, warn};

use super::{
    batch::Raw,
    contract::{LateComers, is_registry_out},
    log::KafkaLog,
    reading::{Came, FromBeginning},
};
use crate::{codec::schema_id, events::Record, fault::Fault, health::Health};

/// The newest record of each Kafka key.
pub type Known<R> = BTreeMap<String, R>;
/// What is known; nothing until the topic was read to its end for the first time.
pub type Followed<R> = watch::Receiver<Option<Known<R>>>;

/// How long to wait after a failure before trying again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long one poll may wait, and so how long it may go unnoticed that nobody listens any more.
const POLL: Duration = Duration::from_millis(500);

struct Follower<R> {
    log: KafkaLog,
    late_comers: LateComers,
    health: Health,
    handle: Handle,
    told: watch::Sender<Option<Known<R>>>,
}

/// Begins to follow the topic of `R`, until nobody listens any more. Within a tokio runtime.
pub(super) fn follow<R: Record>(
    log: KafkaLog,
    late_comers: LateComers,
    health: Health,
) -> Result<Followed<R>, Fault> {
    let (told, followed) = watch::channel(None);
    let follower = Follower { log, late_comers, health, handle: Handle::current(), told };
    let begun = thread::Builder::new().name(R::TOPIC.name().to_owned()).spawn(move || follower.run());
    begun
        .map_err(|error| Fault::fatal("no_thread", format!("cannot follow {}", R::TOPIC)).caused_by(error))?;
    Ok(followed)
}

impl<R: Record> Follower<R> {
    fn run(self) {
        while !self.told.is_closed() {
            if let Err(fault) = self.follow() {
                warn!(code = fault.code(), %fault, topic = %R::TOPIC, "cannot be followed now");
                self.health.degraded(R::TOPIC.name(), "cannot be followed now: what was known of it stands");
                thread::sleep(PAUSE);
            }
        }
    }

    /// Follows with one consumer; returns when nobody listens any more.
    fn follow(&self) -> Result<(), Fault> {
        let mut reader = FromBeginning::followed(&self.log, R::TOPIC)?;
        if reader.was_at_end() {
            return Err(Fault::transient("kafka_unavailable", format!("{} does not exist yet", R::TOPIC)));
        }
        let mut known = Known::new();
        let mut is_news = true;
        while !self.told.is_closed() {
            if let Came::Record(raw) = reader.next(POLL)? {
                self.take(&raw, &mut known)?;
                is_news = true;
            }
            if is_news && reader.was_at_end() {
                self.told.send_replace(Some(known.clone()));
                self.health.settled(R::TOPIC.name());
                is_news = false;
            }
        }
        Ok(())
    }

    /// Takes a record in. One that cannot be read changes nothing: what was known of its key stands.
    fn take(&self, raw: &Raw, known: &mut Known<R>) -> Result<(), Fault> {
        if raw.value().is_empty() {
            known.remove(&raw.key_text());
            return Ok(());
        }
        match self.decode(raw) {
            Ok(record) => drop(known.insert(raw.key_text(), record)),
            Err(fault) if is_registry_out(&fault) => return Err(fault),
            Err(fault) => {
                error!(code = fault.code(), %fault, topic = %R::TOPIC, offset = raw.place.offset,
                    "a record cannot be read: what was known stands");
            }
        }
        Ok(())
    }

    fn decode(&self, raw: &Raw) -> Result<R, Fault> {
        let codec = &self.log.codec;
        match codec.decode(raw.value()) {
            Err(fault) if fault.code() == "unknown_schema" => {
                self.handle.block_on(self.late_comers.learn(codec, schema_id(raw.value())?))?;
                codec.decode(raw.value())
            }
            decoded => decoded,
        }
    }
}
