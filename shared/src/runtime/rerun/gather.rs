//! What was read in the range, and what the log has as its answers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use rdkafka::{TopicPartitionList, consumer::Consumer, topic_partition_list::Offset};
use uuid::Uuid;

use super::{Rerun, Said, Sequence};
use crate::{
    envelope::Envelope,
    fault::Fault,
    runtime::{
        batch::Raw,
        consumer::ASK,
        engine::unavailable,
        log::{KafkaLog, blocking},
        reading::{Places, Readings},
    },
    state::rebuild::Log as _,
    topics::Topic,
};

/// Events by the event that has led to them and the step that said them.
pub(super) type Answers = HashMap<(Uuid, String), Vec<Said>>;

/// A record of the range, to be run or taken into the state.
pub(super) struct Item {
    /// When, as far as the log tells.
    pub at: Timestamp,
    pub raw: Raw,
    pub task: Task,
}

/// What is to be done with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// This step handles it.
    Run(usize),
    /// It cannot be read: it was a dead letter, and would be one.
    Refuse,
    /// It is an event of the service itself, and is taken as it is.
    Take,
}

/// What the range holds.
pub(super) struct Gathered {
    /// In the sequence in which it is run.
    pub items: Vec<Item>,
    pub answers: Answers,
    pub ahead: u64,
}

impl Rerun {
    pub(super) async fn gather(&self) -> Result<Gathered, Fault> {
        let (mut inputs, mut own, mut ahead) = (Vec::new(), Vec::new(), 0);
        let committed = self.log.committed().await?;
        let topics: BTreeSet<Topic> = self
            .hops
            .iter()
            .flat_map(|hop| [hop.inputs(), hop.outputs()].concat())
            .map(|one| one.topic)
            .collect();
        let topics: Vec<Topic> = topics.into_iter().collect();
        let places = self.log.places_at(&topics, self.range.start).await?;
        let mut readings = Readings::from(&self.log, topics, places);
        while let Some(mut reading) = readings.next() {
            while let Some(batch) = reading.batch().await {
                for raw in batch {
                    let place = (raw.place.topic, raw.place.partition);
                    if self.is_own(&raw) {
                        own.push(raw);
                    } else if self.range.contains(&raw.place.timestamp) {
                        let Some(task) = self.route(&raw) else { continue };
                        // What the service has not handled yet would only look like something new.
                        match committed.get(&place) {
                            Some(next) if raw.place.offset >= *next => ahead += 1,
                            _ => inputs.push((raw, task)),
                        }
                    }
                }
            }
            reading.ended().await?;
        }
        Ok(self.sorted(inputs, own, ahead))
    }

    fn sorted(&self, inputs: Vec<(Raw, Task)>, own: Vec<Raw>, ahead: u64) -> Gathered {
        let steps: HashSet<&str> = self.hops.iter().map(|hop| hop.name()).collect();
        let run: HashSet<Uuid> = inputs.iter().map(|(raw, _)| raw.id()).collect();
        let (mut answers, mut items) = (Answers::new(), Vec::new());
        for raw in own {
            let said = said(&raw);
            let envelope = &said.envelope;
            let cause = envelope.causation_id.filter(|cause| run.contains(cause));
            match cause.filter(|_| steps.contains(envelope.source.as_str())) {
                Some(cause) => answers.entry((cause, envelope.source.clone())).or_default().push(said),
                None if self.range.contains(&raw.place.timestamp) => {
                    items.push(Item { at: raw.place.timestamp, raw, task: Task::Take });
                }
                None => {}
            }
        }
        items.extend(self.timed(inputs, &answers));
        items.sort_by_key(|item| {
            let place = &item.raw.place;
            (item.at, place.timestamp, place.topic, place.partition, place.offset)
        });
        Gathered { items, answers, ahead }
    }

    /// Each with the time at which it is run: of a key's records on a topic none before the one ahead of it.
    fn timed(&self, mut inputs: Vec<(Raw, Task)>, answers: &Answers) -> Vec<Item> {
        inputs.sort_by_key(|(raw, _)| (raw.place.topic, raw.place.partition, raw.place.offset));
        let mut last: HashMap<(Topic, Vec<u8>), Timestamp> = HashMap::new();
        let item = |(raw, task): (Raw, Task)| {
            let answered = match task {
                Task::Run(hop) => answers.get(&(raw.id(), self.hops[hop].name().to_owned())),
                Task::Refuse | Task::Take => None,
            };
            let answered = answered.and_then(|said| said.iter().map(|one| one.at).min());
            let came = raw.place.timestamp;
            let own = match self.sequence {
                Sequence::AsAnswered => answered.unwrap_or(came),
                Sequence::AsTheyCame => came,
            };
            let ahead = last.entry((raw.place.topic, raw.key().to_vec())).or_insert(own);
            *ahead = own.max(*ahead);
            Item { at: *ahead, raw, task }
        };
        inputs.into_iter().map(item).collect()
    }

    /// Whether it is an event that the service itself writes.
    fn is_own(&self, raw: &Raw) -> bool {
        let writes = self.log.group.as_ref().map(|group| &group.writes);
        let known = self.log.codec.identify(raw.value());
        known.is_ok_and(|(_, known)| writes.is_some_and(|writes| writes.contains(&known.full_name)))
    }

    /// What becomes of a record; nothing of one that the service has no step for.
    fn route(&self, raw: &Raw) -> Option<Task> {
        let topic = raw.place.topic;
        if !self.routes.keys().any(|(input, _)| *input == topic) {
            return None;
        }
        let known = self.log.codec.identify(raw.value()).ok();
        let stem = format!("orderflow.{topic}.");
        match known.as_ref().and_then(|(_, known)| known.full_name.strip_prefix(&stem)) {
            Some(name) => self.routes.get(&(topic, name)).copied().map(Task::Run),
            None => Some(Task::Refuse),
        }
    }
}

fn said(raw: &Raw) -> Said {
    let (key, topic) = (raw.key_text(), raw.place.topic);
    let envelope = Envelope::from_headers(raw.headers(), &raw.origin, &key, "");
    Said { topic, key, value: raw.value().to_vec(), envelope, at: raw.place.timestamp }
}

impl KafkaLog {
    /// The first place of each partition whose record is not older than `from`; the end where there is none.
    async fn places_at(&self, topics: &[Topic], from: Timestamp) -> Result<Places, Fault> {
        let (log, topics) = (self.clone(), topics.to_vec());
        blocking(move || {
            let consumer = log.reader()?;
            let mut asked = TopicPartitionList::new();
            let time = Offset::Offset(from.as_millisecond().max(0));
            for topic in topics {
                for partition in log.partitions(&consumer, topic)? {
                    let added = asked.add_partition_offset(&log.names.topic(topic), partition, time);
                    added.map_err(unavailable)?;
                }
            }
            let found = consumer.offsets_for_times(asked, ASK).map_err(unavailable)?;
            let mut places = BTreeMap::new();
            for one in found.elements() {
                let Some(topic) = log.names.logical(one.topic()) else { continue };
                let next = match one.offset() {
                    Offset::Offset(next) => next,
                    _ => consumer.fetch_watermarks(one.topic(), one.partition(), ASK).map_err(unavailable)?.1,
                };
                places.insert((topic, one.partition()), next);
            }
            Ok(places)
        })
        .await
    }
}
