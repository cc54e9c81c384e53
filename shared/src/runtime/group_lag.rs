//! How far each group is behind, seen from outside: also while nobody of the group runs, when its own metrics are gone.
//!
//! An OS thread with clients that join nothing and commit nothing. How many records are behind comes from offsets. How
//! old the oldest is comes from that record itself, since an offset may be a marker's, or of what was taken back.

use std::{
    collections::{BTreeMap, HashMap},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rdkafka::{
    ClientConfig, Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    topic_partition_list::Offset,
};
use tracing::debug;

use super::{consumer::Silent, log::reader};
use crate::{
    catalogue::{Catalogue, Retention},
    clock::Clock,
    metrics,
    topics::{ALL, GroupTopics, Names, Topic},
};

/// How often to look.
const EVERY: Duration = Duration::from_secs(5);
/// After so many looks topics may have more partitions.
const LOOKS: u32 = 60;
/// How long one question may take. Who does not answer is asked again next time.
const ASK: Duration = Duration::from_secs(3);

/// A topic's name and a partition.
type Place = (String, i32);

/// What is known of the record at a committed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oldest {
    /// It came at this time.
    Came(Timestamp),
    /// There is none up to this end.
    NothingBefore(i64),
}

/// Looks at every group.
struct Watcher {
    groups: Vec<Group>,
    /// Reads committed records of any topic.
    reader: BaseConsumer<Silent>,
    /// Where each partition that somebody reads begins and ends.
    extents: BTreeMap<Place, (i64, i64)>,
    looks: u32,
}

/// A group and what it has not read.
struct Group {
    name: String,
    topics: Vec<String>,
    /// Only asked for offsets, which a service that commits all the time would else keep back.
    client: BaseConsumer<Silent>,
    /// By place: the committed offset, and the oldest record from there on.
    known: HashMap<Place, (i64, Oldest)>,
}

/// What is shown of a group's topic.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Lag {
    records: i64,
    since: Option<Timestamp>,
}

/// Follows how far every group of the catalogue is behind, for as long as the process lives.
///
/// # Errors
/// When the catalogue cannot be read, or there is no client or no thread to be had.
pub fn watch(base: &ClientConfig, names: &Names, clock: Clock) -> anyhow::Result<()> {
    let catalogue = Catalogue::load()?;
    let groups =
        catalogue.groups().into_iter().map(|(name, own)| Group::new(&catalogue, base, names, name, own));
    let mut config = reader(base, &names.group("group-lag"));
    config.set("queued.min.messages", "1").set("queued.max.messages.kbytes", "256");
    let mut watcher = Watcher {
        groups: groups.collect::<anyhow::Result<_>>()?,
        reader: config.create_with_context(Silent)?,
        extents: BTreeMap::new(),
        looks: 0,
    };
    let follow = move || {
        loop {
            let begun = Instant::now();
            if let Err(error) = watcher.look(&clock) {
                debug!(%error, "how far groups are behind is not known now");
            }
            thread::sleep(EVERY.saturating_sub(begun.elapsed()));
        }
    };
    thread::Builder::new().name("group-lag".to_owned()).spawn(follow)?;
    Ok(())
}

impl Watcher {
    fn look(&mut self, clock: &Clock) -> Result<(), KafkaError> {
        if self.looks.is_multiple_of(LOOKS) {
            self.find_partitions()?;
        }
        self.looks += 1;
        for ((topic, partition), extent) in &mut self.extents {
            *extent = self.reader.fetch_watermarks(topic, *partition, ASK)?;
        }
        for group in &mut self.groups {
            match group.look(&self.reader, &self.extents) {
                Ok(lags) => group.tell(&lags, clock),
                Err(error) => debug!(group = group.name, %error, "how far it is behind is not known now"),
            }
        }
        Ok(())
    }

    fn find_partitions(&mut self) -> Result<(), KafkaError> {
        for topic in self.groups.iter().flat_map(|group| &group.topics) {
            let metadata = self.reader.fetch_metadata(Some(topic), ASK)?;
            for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
                self.extents.entry((topic.clone(), partition.id())).or_default();
            }
        }
        Ok(())
    }
}

impl Group {
    fn new(
        catalogue: &Catalogue,
        base: &ClientConfig,
        names: &Names,
        name: &str,
        own: GroupTopics,
    ) -> anyhow::Result<Self> {
        // Compacted topics are followed as a whole: nobody commits how far.
        let is_input = |topic: &&Topic| {
            let entry = catalogue.topics.get(topic.name());
            let entry = entry.filter(|entry| entry.retention != Retention::Compacted);
            entry.is_some_and(|entry| entry.read_by.iter().any(|reader| reader == name))
        };
        let inputs = ALL.iter().filter(is_input).copied();
        let topics = inputs.chain([own.retry]).map(|topic| names.topic(topic)).collect();
        let mut config = reader(base, &names.group(name));
        config.set("isolation.level", "read_uncommitted");
        let client = config.create_with_context(Silent)?;
        Ok(Self { name: name.to_owned(), topics, client, known: HashMap::new() })
    }

    /// How far the group is behind on each of its topics.
    fn look(
        &mut self,
        reader: &BaseConsumer<Silent>,
        extents: &BTreeMap<Place, (i64, i64)>,
    ) -> Result<BTreeMap<String, Lag>, KafkaError> {
        let mut places = TopicPartitionList::new();
        for (topic, partition) in extents.keys().filter(|(topic, _)| self.topics.contains(topic)) {
            places.add_partition(topic, *partition);
        }
        let mut lags: BTreeMap<String, Lag> = BTreeMap::new();
        let mut open: BTreeMap<String, Vec<(i32, i64, i64)>> = BTreeMap::new();
        for partition in self.client.committed_offsets(places, ASK)?.elements() {
            let place = (partition.topic().to_owned(), partition.partition());
            let Some((begin, end)) = extents.get(&place).copied() else { continue };
            // Where the group has not committed yet, it begins with the first record.
            let from = partition.offset().to_raw().filter(|offset| *offset >= begin).unwrap_or(begin);
            let lag = lags.entry(place.0.clone()).or_default();
            match self.known.get(&place).filter(|(at, _)| *at == from).map(|(_, oldest)| *oldest) {
                Some(Oldest::Came(came)) => lag.add(end - from, came),
                Some(Oldest::NothingBefore(seen)) if seen >= end => {}
                _ if from >= end => {}
                _ => open.entry(place.0).or_default().push((place.1, from, end)),
            }
        }
        for (topic, open) in open {
            let found = oldest(reader, &topic, &open)?;
            for (partition, from, end) in open {
                let Some(oldest) = found.get(&partition).copied() else { continue };
                if let Oldest::Came(came) = oldest {
                    lags.entry(topic.clone()).or_default().add(end - from, came);
                }
                self.known.insert((topic.clone(), partition), (from, oldest));
            }
        }
        Ok(lags)
    }

    fn tell(&self, lags: &BTreeMap<String, Lag>, clock: &Clock) {
        for (topic, Lag { records, since }) in lags {
            let (group, topic) = (self.name.clone(), topic.clone());
            let age = since.map_or(0.0, |since| clock.now().duration_since(since).as_secs_f64().max(0.0));
            let labels = (group.clone(), topic.clone());
            ::metrics::gauge!(metrics::GROUP_LAG_AGE, "group" => labels.0, "messaging_destination_name" => labels.1)
                .set(age);
            #[allow(clippy::cast_precision_loss)] // a gauge is a float
            ::metrics::gauge!(metrics::GROUP_LAG, "group" => group, "messaging_destination_name" => topic)
                .set(*records as f64);
        }
    }
}

impl Lag {
    fn add(&mut self, records: i64, came: Timestamp) {
        self.records += records;
        self.since = Some(self.since.map_or(came, |since| since.min(came)));
    }
}

/// The first record of each of these partitions from an offset on, up to the end as it is. One topic at a time: the
/// client tells of which partition it has found the end, but not of which topic.
fn oldest(
    reader: &BaseConsumer<Silent>,
    topic: &str,
    open: &[(i32, i64, i64)],
) -> Result<HashMap<i32, Oldest>, KafkaError> {
    let mut list = TopicPartitionList::new();
    for (partition, from, _) in open {
        list.add_partition_offset(topic, *partition, Offset::Offset(*from))?;
    }
    reader.assign(&list)?;
    let mut found = HashMap::new();
    let deadline = Instant::now() + ASK;
    while found.len() < open.len() && Instant::now() < deadline {
        match reader.poll(Duration::from_millis(100)) {
            Some(Ok(message)) if message.topic() != topic => {}
            Some(Ok(message)) => {
                let came = message.timestamp().to_millis();
                let came = came.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
                found.entry(message.partition()).or_insert(Oldest::Came(came));
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                let end = open.iter().find(|(known, ..)| *known == partition).map_or(0, |(.., end)| *end);
                found.entry(partition).or_insert(Oldest::NothingBefore(end));
            }
            Some(Err(error)) => return Err(error),
            None => {}
        }
    }
    reader.unassign()?;
    Ok(found)
}
