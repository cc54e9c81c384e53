//! How far each group is behind, seen from outside: also while nobody of the group runs, when its own metrics are gone.
//!
//! An OS thread with clients that join nothing and commit nothing. How many records are behind comes from offsets. How
//! old the oldest is comes from that record itself, since an offset may be a marker's, or of what was taken back.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
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

/// How often to look while nobody asks.
const EVERY: Duration = Duration::from_secs(5);
/// After so long topics may have more partitions.
const KNOWN: Duration = Duration::from_secs(300);
/// How long one question may take. Who does not answer is asked again next time.
const ASK: Duration = Duration::from_secs(3);

/// How far the groups are behind, as somebody has seen last. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct GroupLags(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// By group; one of which nothing is known is absent.
    standings: Mutex<HashMap<String, Standing>>,
    asked: Condvar,
}

/// How a group stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many instances are in it.
    pub instances: usize,
    /// How far it is behind on each of its topics.
    pub topics: BTreeMap<Topic, Lag>,
}

/// What a group has not committed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// Offsets from the oldest record up to the end: records, and markers of transactions between them. 0 where there are only markers.
    pub records: i64,
    /// Since when the oldest record has been there.
    pub since: Option<Timestamp>,
}

impl GroupLags {
    /// How a group stood when somebody looked last: some seconds ago, and less than that for whoever asks again and
    /// again, since asking has somebody look. `None` when Kafka does not tell, and of a group that nobody has ever been in.
    #[must_use]
    pub fn of(&self, group: &str) -> Option<Standing> {
        self.0.asked.notify_one();
        self.lock().get(group).cloned()
    }

    /// A group stands so now.
    pub fn tell(&self, group: &str, standing: Standing) {
        self.lock().insert(group.to_owned(), standing);
    }

    fn forget(&self, group: &str) {
        self.lock().remove(group);
    }

    /// Waits until somebody asks, and no longer than this.
    fn wait(&self, most: Duration) {
        drop(self.0.asked.wait_timeout(self.lock(), most));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Standing>> {
        self.0.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    /// What the group has not read of some topics.
    #[must_use]
    pub fn behind(&self, topics: &[Topic]) -> Lag {
        let lags = self.topics.iter().filter(|(topic, _)| topics.contains(topic));
        lags.fold(Lag::default(), |sum, (_, lag)| sum.and(*lag))
    }
}

impl Lag {
    /// How long the oldest has waited, in seconds; 0 without any.
    #[must_use]
    pub fn age_s(&self, now: Timestamp) -> f64 {
        self.since.map_or(0.0, |since| now.duration_since(since).as_secs_f64().max(0.0))
    }

    fn and(self, other: Self) -> Self {
        let since = [self.since, other.since].into_iter().flatten().min();
        Self { records: self.records + other.records, since }
    }
}

/// A topic and a partition of it.
type Place = (Topic, i32);

/// What is known of the record at a committed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oldest {
    /// It is at this offset, and came at this time.
    Came(i64, Timestamp),
    /// There is none up to this end.
    NothingBefore(i64),
}

/// Looks at every group.
struct Watcher {
    names: Names,
    groups: Vec<Group>,
    /// Reads committed records of any topic.
    reader: BaseConsumer<Silent>,
    partitions: Vec<Place>,
    learnt: Option<Instant>,
}

/// A group and what it has not read.
struct Group {
    name: String,
    topics: Vec<Topic>,
    /// Only asked for offsets, which a service that commits all the time would else keep back.
    client: BaseConsumer<Silent>,
    /// By place: the committed offset, and the oldest record from there on.
    known: HashMap<Place, (i64, Oldest)>,
}

/// Where each partition begins and ends.
type Extents = BTreeMap<Place, (i64, i64)>;

/// Follows how far every group of the catalogue is behind, for as long as the process lives.
///
/// # Errors
/// When the catalogue cannot be read, or there is no client or no thread to be had.
pub fn watch(base: &ClientConfig, names: &Names, clock: Clock) -> anyhow::Result<GroupLags> {
    let catalogue = Catalogue::load()?;
    let groups =
        catalogue.groups().into_iter().map(|(name, own)| Group::new(&catalogue, base, names, name, own));
    let mut config = reader(base, &names.group("group-lag"));
    config.set("queued.min.messages", "1").set("queued.max.messages.kbytes", "256");
    let mut watcher = Watcher {
        names: names.clone(),
        groups: groups.collect::<anyhow::Result<_>>()?,
        reader: config.create_with_context(Silent)?,
        partitions: Vec::new(),
        learnt: None,
    };
    let lags = GroupLags::default();
    let seen = lags.clone();
    let follow = move || {
        loop {
            let begun = Instant::now();
            watcher.look(&seen, &clock);
            seen.wait(EVERY.saturating_sub(begun.elapsed()));
        }
    };
    thread::Builder::new().name("group-lag".to_owned()).spawn(follow)?;
    Ok(lags)
}

impl Watcher {
    fn look(&mut self, seen: &GroupLags, clock: &Clock) {
        let extents = self.extents();
        for group in &mut self.groups {
            let looked = extents.as_ref().map_err(Clone::clone);
            match looked.and_then(|extents| group.look(&self.reader, &self.names, extents)) {
                Ok(Some(standing)) => {
                    group.show(&standing, &self.names, clock);
                    seen.tell(&group.name, standing);
                }
                Ok(None) => seen.forget(&group.name),
                Err(error) => {
                    debug!(group = group.name, %error, "how far it is behind is not known now");
                    seen.forget(&group.name);
                }
            }
        }
    }

    fn extents(&mut self) -> Result<Extents, KafkaError> {
        if self.learnt.is_none_or(|at| at.elapsed() > KNOWN) {
            self.find_partitions()?;
            self.learnt = Some(Instant::now());
        }
        let [begins, ends] = [Offset::Beginning, Offset::End].map(|offset| {
            let list = list(&self.names, self.partitions.iter().map(|place| (*place, offset)))?;
            Ok::<_, KafkaError>(offsets(&self.names, &self.reader.offsets_for_times(list, ASK)?))
        });
        let begins = begins?;
        let extents = ends?.into_iter().filter_map(|(place, end)| Some((place, (*begins.get(&place)?, end))));
        Ok(extents.collect())
    }

    fn find_partitions(&mut self) -> Result<(), KafkaError> {
        let mut topics: Vec<Topic> = self.groups.iter().flat_map(|group| group.topics.clone()).collect();
        topics.sort_unstable();
        topics.dedup();
        self.partitions.clear();
        for topic in topics {
            let metadata = self.reader.fetch_metadata(Some(&self.names.topic(topic)), ASK)?;
            let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            self.partitions.extend(partitions.map(|partition| (topic, partition.id())));
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
        let topics = inputs.chain([own.retry]).collect();
        let mut config = reader(base, &names.group(name));
        config.set("isolation.level", "read_uncommitted");
        let client = config.create_with_context(Silent)?;
        Ok(Self { name: name.to_owned(), topics, client, known: HashMap::new() })
    }

    /// How the group stands; `None` when nobody has ever been in it.
    fn look(
        &mut self,
        reader: &BaseConsumer<Silent>,
        names: &Names,
        extents: &Extents,
    ) -> Result<Option<Standing>, KafkaError> {
        // It subscribes to nothing: only complaints come out here, and must not pile up.
        while self.client.poll(Duration::ZERO).is_some() {}
        let own = extents.keys().filter(|(topic, _)| self.topics.contains(topic));
        let places = list(names, own.map(|place| (*place, Offset::Invalid)))?;
        let committed = offsets(names, &self.client.committed_offsets(places, ASK)?);
        let members = self.client.client().fetch_group_list(Some(&names.group(&self.name)), ASK)?;
        let instances = members.groups().iter().map(|group| group.members().len()).sum();
        if instances == 0 && committed.is_empty() {
            return Ok(None);
        }

        let mut topics: BTreeMap<Topic, Lag> = BTreeMap::new();
        let mut open: BTreeMap<Topic, Vec<(i32, i64, i64)>> = BTreeMap::new();
        for (place, (begin, end)) in extents.iter().filter(|((topic, _), _)| self.topics.contains(topic)) {
            // Where the group has not committed yet, it begins with the first record.
            let from = committed.get(place).copied().filter(|offset| offset >= begin).unwrap_or(*begin);
            let lag = topics.entry(place.0).or_default();
            match self.known.get(place).filter(|(at, _)| *at == from).map(|(_, oldest)| *oldest) {
                Some(Oldest::Came(at, came)) => *lag = lag.and(Lag { records: end - at, since: Some(came) }),
                Some(Oldest::NothingBefore(seen)) if seen >= *end => {}
                _ if from >= *end => {}
                _ => open.entry(place.0).or_default().push((place.1, from, *end)),
            }
        }
        for (topic, open) in open {
            let found = oldest(reader, &names.topic(topic), &open)?;
            for (partition, from, end) in open {
                let Some(oldest) = found.get(&partition).copied() else { continue };
                if let Oldest::Came(at, came) = oldest {
                    let lag = topics.entry(topic).or_default();
                    *lag = lag.and(Lag { records: end - at, since: Some(came) });
                }
                self.known.insert((topic, partition), (from, oldest));
            }
        }
        Ok(Some(Standing { instances, topics }))
    }

    fn show(&self, standing: &Standing, names: &Names, clock: &Clock) {
        for (topic, lag) in &standing.topics {
            let (group, topic) = (self.name.clone(), names.topic(*topic));
            let labels = (group.clone(), topic.clone());
            ::metrics::gauge!(metrics::GROUP_LAG_AGE, "group" => labels.0, "messaging_destination_name" => labels.1)
                .set(lag.age_s(clock.now()));
            #[allow(clippy::cast_precision_loss)] // a gauge is a float
            ::metrics::gauge!(metrics::GROUP_LAG, "group" => group, "messaging_destination_name" => topic)
                .set(lag.records as f64);
        }
        #[allow(clippy::cast_precision_loss)] // a few
        ::metrics::gauge!(metrics::GROUP_MEMBERS, "group" => self.name.clone())
            .set(standing.instances as f64);
    }
}

fn list(
    names: &Names,
    places: impl Iterator<Item = (Place, Offset)>,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for ((topic, partition), offset) in places {
        list.add_partition_offset(&names.topic(topic), partition, offset)?;
    }
    Ok(list)
}

/// The offsets that are known.
fn offsets(names: &Names, list: &TopicPartitionList) -> HashMap<Place, i64> {
    let known = list.elements().into_iter().filter_map(|one| {
        let offset = one.offset().to_raw().filter(|offset| *offset >= 0)?;
        Some(((names.logical(one.topic())?, one.partition()), offset))
    });
    known.collect()
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
                found.entry(message.partition()).or_insert(Oldest::Came(message.offset(), came));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::{FRAUD, INVENTORY, ORDERS};

    #[test]
    fn what_a_group_has_not_read_of_some_topics_is_as_old_as_its_oldest_record() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let lag = |records, since| Lag { records, since };
        let topics = [(ORDERS, lag(3, at(50))), (FRAUD, lag(4, at(40))), (INVENTORY, lag(9, at(1)))];
        let standing = Standing { instances: 1, topics: topics.into() };
        let behind = standing.behind(&[ORDERS, FRAUD]);
        assert_eq!(behind, lag(7, at(40)));
        assert_eq!([45, 30].map(|second| behind.age_s(at(second).unwrap())), [5.0, 0.0]);
        assert_eq!(standing.behind(&[]).age_s(at(45).unwrap()), 0.0);
    }
}
