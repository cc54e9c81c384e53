//! Depth and age of the dead letters as metrics: every group's are followed, and counted now and then.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    metrics::{LETTERS, OLDEST_LETTER},
    runtime::waiting::{journal::Note, parked::Parking},
    topics::{GroupTopics, Names},
};
use rdkafka::{
    Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::OwnedMessage,
    topic_partition_list::Offset,
};
use tracing::warn;
use uuid::Uuid;

use crate::{
    Access, Letter, Spot,
    access::groups,
    reading::{consumer, partitions},
};

/// How often they are counted.
const EVERY: Duration = Duration::from_secs(5);
/// How long one poll waits.
const TURN: Duration = Duration::from_millis(500);
/// After a failure.
const AGAIN: Duration = Duration::from_secs(10);
/// What is older is on no topic any more.
const KEPT: Duration = Duration::from_secs(31 * 86_400);

/// What is known of a group's letters.
#[derive(Debug, Default)]
struct Known {
    /// By event: its newest letter's place, and when it was given up for the first time.
    letters: HashMap<Uuid, (Spot, Timestamp)>,
    parked: HashSet<Spot>,
    over: HashSet<Uuid>,
}

/// How many letters there are of a standing, and since when.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Count {
    letters: u32,
    oldest: Option<Timestamp>,
}

impl Known {
    fn take(&mut self, raw: OwnedMessage, own: GroupTopics, group: &str, names: &Names) {
        let topic = names.logical(raw.topic());
        if topic == Some(own.waiting) {
            match Note::of(raw.headers()) {
                Note::Settled(id) | Note::Discarded(id) => drop(self.over.insert(id)),
                Note::Buried(_) | Note::Waits => {}
            }
            return;
        }
        let parking = Parking::of(raw.headers()).filter(|_| topic == Some(own.parked));
        let here = Spot { partition: raw.partition(), offset: raw.offset() };
        let spot = parking.map_or(here, |Parking { partition, offset, .. }| {
            let spot = Spot { partition, offset };
            self.parked.insert(spot);
            spot
        });
        let letter = Letter::of(raw, spot, group, names);
        let first = letter.first_failed.unwrap_or(letter.time);
        let known = self.letters.entry(letter.id).or_insert((spot, first));
        *known = (known.0.max(spot), known.1.min(first));
    }

    /// Those that are open, and those that are parked.
    fn counts(&mut self, now: Timestamp) -> [Count; 2] {
        let since = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        self.letters.retain(|_, (_, first)| *first >= since);
        let mut counts = [Count::default(); 2];
        for (_, (spot, first)) in self.letters.iter().filter(|(id, _)| !self.over.contains(*id)) {
            let count = &mut counts[usize::from(self.parked.contains(spot))];
            count.letters += 1;
            count.oldest = Some(count.oldest.map_or(*first, |oldest| oldest.min(*first)));
        }
        counts
    }
}

/// What was counted last, of each group. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Watched(Arc<Mutex<HashMap<String, [Count; 2]>>>);

impl Watched {
    /// How many letters of a group nobody has looked at, and since when the oldest waits.
    #[must_use]
    pub fn open(&self, group: &str) -> (u32, Option<Timestamp>) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(group).map_or((0, None), |[open, _]| (open.letters, open.oldest))
    }

    fn note(&self, group: &str, counts: [Count; 2]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(group.to_owned(), counts);
    }
}

/// Follows every group's letters on a thread of its own, for as long as the process lives.
///
/// # Errors
/// When there is no thread to be had, or the catalogue cannot be read.
pub fn watch(access: Access, clock: Clock) -> Result<Watched> {
    let (groups, watched) = (groups()?, Watched::default());
    let counted = watched.clone();
    let follow = move || {
        loop {
            if let Err(error) = follow(&access, &groups, &clock, &counted) {
                warn!(error = format!("{error:#}"), "dead letters cannot be followed");
            }
            thread::sleep(AGAIN);
        }
    };
    thread::Builder::new().name("letters".to_owned()).spawn(follow).context("no thread")?;
    Ok(watched)
}

fn follow(access: &Access, groups: &[String], clock: &Clock, watched: &Watched) -> Result<()> {
    let owned: Vec<(&str, GroupTopics)> =
        groups.iter().filter_map(|group| Some((group.as_str(), GroupTopics::of(group)?))).collect();
    let consumer = assigned(access, &owned)?;
    let mut known: BTreeMap<&str, Known> = BTreeMap::new();
    // Not before all that is there is read: a letter counts as open until its note is met.
    let mut counted: Option<Instant> = None;
    loop {
        match consumer.poll(TURN) {
            Some(Ok(message)) => {
                let topic = access.names.logical(message.topic()).context("a topic nobody asked for")?;
                let owner = owned.iter().find(|(_, own)| own.all().contains(&topic));
                let (group, own) = owner.context("a topic of no group")?;
                known.entry(*group).or_default().take(message.detach(), *own, group, &access.names);
                continue;
            }
            Some(Err(KafkaError::PartitionEOF(_))) => continue,
            Some(Err(error)) => return Err(error).context("Kafka does not answer"),
            None => {}
        }
        if counted.is_none_or(|at| at.elapsed() >= EVERY) {
            counted = Some(Instant::now());
            for (group, _) in &owned {
                let counts = known.entry(*group).or_default().counts(clock.now());
                watched.note(group, counts);
                tell(group, counts, clock.now());
            }
        }
    }
}

fn assigned(access: &Access, owned: &[(&str, GroupTopics)]) -> Result<BaseConsumer> {
    let mut config = access.config.clone();
    config.set("fetch.wait.max.ms", "500").set("queued.max.messages.kbytes", "4096");
    let consumer = consumer(&config)?;
    let topics = owned.iter().flat_map(|(_, own)| [own.dead_letters, own.parked, own.waiting]);
    let names: Vec<String> = topics.map(|topic| access.names.topic(topic)).collect();
    let mut list = TopicPartitionList::new();
    for (topic, partition) in partitions(&consumer, &names)? {
        list.add_partition_offset(&topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    Ok(consumer)
}

fn tell(group: &str, counts: [Count; 2], now: Timestamp) {
    for (standing, count) in ["open", "parked"].into_iter().zip(counts) {
        let owner = group.to_owned();
        metrics::gauge!(LETTERS, "group" => owner.clone(), "standing" => standing)
            .set(f64::from(count.letters));
        let age = count.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
        metrics::gauge!(OLDEST_LETTER, "group" => owner, "standing" => standing).set(age);
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::message::{Header, OwnedHeaders};

    use super::*;

    const OWN: fn() -> GroupTopics = || GroupTopics::of("payment").unwrap();

    fn record(topic: &str, offset: i64, seconds: i64, headers: OwnedHeaders) -> OwnedMessage {
        let time = rdkafka::Timestamp::CreateTime(seconds * 1000);
        OwnedMessage::new(None, Some(b"key".to_vec()), topic.to_owned(), time, 0, offset, Some(headers))
    }

    fn event(id: u128) -> OwnedHeaders {
        OwnedHeaders::new().insert(Header { key: "ce_id", value: Some(&Uuid::from_u128(id).to_string()) })
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn letters_are_counted_until_they_are_dealt_with() {
        let mut known = Known::default();
        let mut take = |record| known.take(record, OWN(), "payment", &Names::default());
        take(record("payment.dlq", 0, 100, event(1)));
        take(record("payment.dlq", 1, 110, event(2)));
        take(record("payment.dlq", 2, 120, event(1)));
        take(record("payment.dlq", 3, 130, event(3)));
        let parking = Parking {
            partition: 0,
            offset: 1,
            by: "ada".to_owned(),
            reason: "later".to_owned(),
            at: at(140),
        };
        take(record("payment.parked", 0, 110, parking.stamp(event(2))));
        let id = Uuid::from_u128(3).to_string();
        let note = OwnedHeaders::new().insert(Header { key: "orderflow-settled", value: Some(&id) });
        take(record("payment.waiting", 0, 150, note));
        let count = |letters, oldest| Count { letters, oldest: Some(at(oldest)) };
        assert_eq!(
            known.counts(at(200)),
            [count(1, 100), count(1, 110)],
            "each event once, since its first letter"
        );
        assert_eq!(known.counts(at(200 + 32 * 86_400)), [Count::default(); 2]);
    }
}
