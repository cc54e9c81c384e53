//! What a rebuild needs of Kafka: the group's members and offsets, fencing, and topics read to their end.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rdkafka::{
    ClientConfig, Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::OwnedMessage,
};
use tokio::runtime::Handle;
use tracing::info;
use uuid::Uuid;

use super::{
    batch::{OnWire, Raw},
    consumer::{ASK, Silent, config},
    reading::{Places, Readings},
    waiting::{Book, Limits, restore, topic_of},
    writer::Writer,
};
use crate::{
    codec::Codec,
    config::Delivery,
    envelope::Envelope,
    fault::Fault,
    faults,
    state::{
        State,
        rebuild::{Fold, Log, Logged, Progress},
    },
    step::Origin,
    topics::{GroupTopics, Names, Topic},
};

/// A service's view of the log.
#[derive(Clone)]
pub(crate) struct KafkaLog {
    pub base: ClientConfig,
    pub names: Names,
    pub service: &'static str,
    pub delivery: Delivery,
    pub inputs: Vec<Topic>,
    pub codec: Arc<Codec>,
    pub cluster: String,
    /// The group's own topics, of a service that has a group.
    pub group: Option<Group>,
}

/// A group whose dead letters and journal say what is blocked.
#[derive(Clone)]
pub(crate) struct Group {
    pub topics: GroupTopics,
    /// Topics on which the order of a key's records counts.
    pub ordered: Vec<Topic>,
    /// The full names of the records the service itself writes.
    pub writes: Vec<String>,
    pub limits: Limits,
}

/// The transactional id of an instance: stable, and its own.
pub(crate) fn transactional_id(names: &Names, service: &str, instance: &str) -> String {
    format!("{}-{instance}", names.group(service))
}

#[async_trait]
impl Log for KafkaLog {
    fn cluster(&self) -> &str {
        &self.cluster
    }

    async fn members(&self) -> Result<Vec<String>, Fault> {
        let log = self.clone();
        blocking(move || {
            let group = log.names.group(log.service);
            let consumer = log.reader()?;
            let groups = consumer.client().fetch_group_list(Some(&group), ASK).map_err(unavailable)?;
            let members = groups.groups().iter().flat_map(|group| group.members());
            Ok(members.map(|member| member.client_id().to_owned()).collect())
        })
        .await
    }

    async fn fence(&self, instance: &str) -> Result<(), Fault> {
        let id = transactional_id(&self.names, self.service, instance);
        match self.delivery {
            // Ends its open transaction and bumps the epoch: whatever it still tries is refused.
            Delivery::ExactlyOnce => {
                let mut writer = Writer::new(&self.base, self.delivery, &id);
                blocking(move || writer.open()).await
            }
            // Its records cannot be refused, but they time out: see `delivery.timeout.ms` of the writer.
            Delivery::AtLeastOnce => {
                tokio::time::sleep(super::writer::DELIVERY).await;
                Ok(())
            }
        }
    }

    async fn committed(&self) -> Result<BTreeMap<(Topic, i32), i64>, Fault> {
        let log = self.clone();
        blocking(move || {
            let consumer = log.reader()?;
            let mut list = TopicPartitionList::new();
            for topic in &log.inputs {
                for partition in log.partitions(&consumer, *topic)? {
                    list.add_partition(&log.names.topic(*topic), partition);
                }
            }
            let committed = consumer.committed_offsets(list, ASK).map_err(unavailable)?;
            let known = committed.elements().into_iter().filter_map(|partition| {
                let topic = log.names.logical(partition.topic())?;
                let offset = partition.offset().to_raw().filter(|offset| *offset >= 0)?;
                Some(((topic, partition.partition()), offset))
            });
            Ok(known.collect())
        })
        .await
    }

    async fn replay(
        &self,
        fold: &dyn Fold,
        state: &State,
        now: Timestamp,
        told: &Progress,
    ) -> Result<(), Fault> {
        let book = self.fold_on(fold, state, now, &mut Places::new(), told, Timestamp::MAX).await?;
        self.restore_lines(&book, state, now).await
    }
}

/// What a group has dealt with of its inputs.
struct DealtWith {
    /// Events it has given up, or that wait.
    open: HashSet<Uuid>,
    committed: BTreeMap<(Topic, i32), i64>,
}

/// The settings of a client that reads as the group does, but joins nothing and is told of ends.
pub(crate) fn reader(base: &ClientConfig, group: &str) -> ClientConfig {
    let mut config = config(base, group, "reader");
    config
        .set("enable.partition.eof", "true")
        .set("statistics.interval.ms", "0")
        .set("fetch.wait.max.ms", "10");
    config
}

impl KafkaLog {
    /// Feeds what the fold's sources had before `end` to it, from these places on, and moves the places on: to the first
    /// record of each partition that was not fed because the group has not dealt with it yet. Says what is put aside.
    pub(super) async fn fold_on(
        &self,
        fold: &dyn Fold,
        state: &State,
        now: Timestamp,
        from: &mut Places,
        told: &Progress,
        end: Timestamp,
    ) -> Result<Book, Fault> {
        let book = self.book().await?;
        let dealt_with = DealtWith { open: book.unanswered(), committed: self.committed().await? };
        let sources = fold.sources();
        let extents = self.extents(&sources).await?;
        let begun =
            |(place, (low, _)): (&(Topic, i32), &(i64, i64))| from.get(place).copied().unwrap_or(*low);
        told.expect(extents.iter().map(|one| (one.1.1 - begun(one)).max(0).cast_unsigned()).sum());
        let mut readings = Readings::from(self, sources, from.clone());
        let mut withheld = HashSet::new();
        while let Some(mut reading) = readings.next() {
            let of_topic = extents.iter().filter(|((topic, _), _)| *topic == reading.topic);
            let beginnings = of_topic.map(|((_, partition), (low, _))| (*partition, *low)).collect();
            fold.begins(state, reading.topic, &beginnings).await?;
            while let Some(batch) = reading.batch().await {
                let mut known = Vec::with_capacity(batch.len());
                for raw in &batch {
                    let place = (raw.place.topic, raw.place.partition);
                    let logged = self.logged(raw);
                    let may_fold = |logged: &Logged<'_>| {
                        logged.origin.timestamp < end && self.may_fold(logged, &dealt_with)
                    };
                    let is_fed = logged.as_ref().is_none_or(may_fold);
                    if !is_fed {
                        withheld.insert(place);
                    } else if !withheld.contains(&place) {
                        from.insert(place, raw.place.offset + 1);
                    }
                    let is_alive = |logged: &Logged<'_>| is_alive(logged, fold.life(), now);
                    known.extend(logged.filter(|_| is_fed).filter(is_alive));
                }
                fold.fold(state, &known).await?;
                faults::point("rebuilding");
                told.add(batch.len() as u64);
            }
            let topic = reading.topic;
            reading.ended().await?;
            // What ended before the reading began was read, and the marks of transactions are no records.
            for (place, (_, end)) in extents.iter().filter(|(place, _)| place.0 == topic) {
                if !withheld.contains(place) {
                    let next = from.entry(*place).or_default();
                    *next = (*next).max(*end);
                }
            }
        }
        Ok(book)
    }

    /// Where the partitions of these topics begin and end now. What a group has put aside is left out: it is short, and
    /// nothing hangs on its beginning.
    async fn extents(&self, topics: &[Topic]) -> Result<BTreeMap<(Topic, i32), (i64, i64)>, Fault> {
        let (log, topics) = (self.clone(), topics.to_vec());
        blocking(move || {
            let (consumer, mut extents) = (log.reader()?, BTreeMap::new());
            for topic in topics.into_iter().filter(|topic| !topic.is_of_a_group()) {
                for partition in log.partitions(&consumer, topic)? {
                    let found = consumer.fetch_watermarks(&log.names.topic(topic), partition, ASK);
                    extents.insert((topic, partition), found.map_err(unavailable)?);
                }
            }
            Ok(extents)
        })
        .await
    }

    /// The dead letters and the journal of the service's group; empty for a service without one.
    async fn book(&self) -> Result<Book, Fault> {
        let Some(Group { topics, ordered, .. }) = self.group.clone() else { return Ok(Book::default()) };
        let mut book = Book::new(ordered);
        // A parked letter blocks as before, also when the dead-letter topic has none of it any more.
        let take: [fn(&mut Book, &Raw); 3] = [Book::letter, Book::letter, Book::journal];
        let mut readings = Readings::of(self, vec![topics.dead_letters, topics.parked, topics.waiting]);
        for take in take {
            let Some(mut reading) = readings.next() else { break };
            while let Some(batch) = reading.batch().await {
                batch.iter().for_each(|raw| take(&mut book, raw));
            }
            reading.ended().await?;
        }
        Ok(book)
    }

    async fn restore_lines(&self, book: &Book, state: &State, now: Timestamp) -> Result<(), Fault> {
        let Some(Group { topics, limits, .. }) = self.group.clone() else { return Ok(()) };
        let log = self.clone();
        let counts = blocking(move || {
            let consumer = log.reader()?;
            let count = |partitions: Vec<i32>| i32::try_from(partitions.len()).unwrap_or(i32::MAX);
            let (again, journal) =
                (log.partitions(&consumer, topics.retry)?, log.partitions(&consumer, topics.waiting)?);
            Ok((count(again), count(journal)))
        });
        let lines = restore(book, counts.await?, limits, state, now).await?;
        info!(lines, "what waits behind dead letters is known again");
        Ok(())
    }

    /// Whether a record's effects are part of the state: those of the service's own always, an input's once the group has
    /// dealt with it. What is still to be read, or waits, will have them in its turn.
    fn may_fold(&self, logged: &Logged<'_>, dealt_with: &DealtWith) -> bool {
        let Some(group) = &self.group else { return true };
        let place = (logged.origin.topic, logged.origin.partition);
        if !self.inputs.contains(&place.0) || group.writes.contains(&logged.full_name) {
            return true;
        }
        let committed = dealt_with.committed.get(&place).copied().unwrap_or_default();
        logged.origin.offset < committed && !dealt_with.open.contains(&logged.envelope.id)
    }

    /// A client with the group's settings that joins nothing.
    pub(super) fn reader(&self) -> Result<BaseConsumer<Silent>, Fault> {
        let config = reader(&self.base, &self.names.group(self.service));
        config.create_with_context(Silent).map_err(unavailable)
    }

    /// The same for whoever goes on reading at the end: there each question costs the broker something, for nothing.
    pub(super) fn follower(&self) -> Result<BaseConsumer<Silent>, Fault> {
        let mut config = reader(&self.base, &self.names.group(self.service));
        config.set("fetch.wait.max.ms", "100").create_with_context(Silent).map_err(unavailable)
    }

    pub(super) fn partitions(
        &self,
        consumer: &BaseConsumer<Silent>,
        topic: Topic,
    ) -> Result<Vec<i32>, Fault> {
        let name = self.names.topic(topic);
        let metadata = consumer.fetch_metadata(Some(&name), ASK).map_err(unavailable)?;
        let topic = metadata.topics().first().map(|topic| topic.partitions()).unwrap_or_default();
        Ok(topic.iter().map(|partition| partition.id()).collect())
    }

    pub(super) fn raw(&self, place: Origin, message: OwnedMessage) -> Raw {
        if !self.group.as_ref().is_some_and(|group| group.topics.all().contains(&place.topic)) {
            return Raw::at(place, message);
        }
        let by_schema = topic_of(message.payload().unwrap_or_default(), &self.codec);
        Raw::again(place, message, &self.names, by_schema)
    }

    /// Records that are not ours (no known schema, tombstones) have left no state.
    pub(super) fn logged<'r>(&'r self, raw: &'r Raw) -> Option<Logged<'r>> {
        // What a group has put aside is no event, whatever its bytes are.
        let full_name = match raw.origin.topic.is_of_a_group() {
            true => String::new(),
            false => self.codec.identify(raw.value()).ok()?.1.full_name.clone(),
        };
        let envelope = Envelope::from_headers(raw.headers(), &raw.origin, &raw.key_text(), &full_name);
        let record = OnWire { raw, names: &self.names };
        Some(Logged { envelope, origin: raw.origin, full_name, record, codec: &self.codec })
    }
}

/// Whether what a record says is still kept.
fn is_alive(logged: &Logged<'_>, life: Option<SignedDuration>, now: Timestamp) -> bool {
    life.is_none_or(|life| now.duration_since(logged.envelope.time) < life)
}

/// Runs a blocking question to Kafka off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    Handle::current()
        .spawn_blocking(ask)
        .await
        .map_err(|error| Fault::fatal("task_stopped", "a question to Kafka was cut off").caused_by(error))?
}

fn unavailable(error: KafkaError) -> Fault {
    Fault::transient("kafka_unavailable", "Kafka does not answer").caused_by(error)
}
