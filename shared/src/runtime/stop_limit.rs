//! The stop limit: when too large a share of the recent records would be given up, something is wrong with the service
//! or with whoever writes, not with the records. The first one beyond the limit then holds its partition, and readiness
//! says so, instead of the topic being emptied into the dead-letter queue.
//!
//! What is held adds nothing to the recent records, so only records that succeed, elsewhere, bring the share down: time
//! does not. After a start what the group has given up and handled in the last hour counts as recent: a service that is
//! started again and again gives up no more than one that is not.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rdkafka::{TopicPartitionList, consumer::Consumer, topic_partition_list::Offset};
use tracing::warn;

use super::{
    batch::Raw,
    consumer::ASK,
    engine::{Engine, unavailable},
    turn::{Item, Settled},
};
use crate::{fault::Fault, metrics};

/// How long a record beyond the limit holds its partition before it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Without one for this long, the service is below its limit again.
const BELOW_AGAIN: Duration = Duration::from_secs(15);
/// How far back a service looks for its own letters when it starts.
const LOOK_BACK: Duration = Duration::from_secs(3600);

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limit {
    /// The share of recent records that may be given up; 1: all of them.
    pub share: f64,
    /// How many records are recent.
    pub window: usize,
    /// So many may always be given up.
    pub minimum: usize,
}

/// Records that were read for the first time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Given up.
    pub letters: usize,
    /// Answered.
    pub answered: usize,
}

/// What has become of the recent records of one instance.
#[derive(Debug)]
pub(crate) struct StopLimit {
    limit: Limit,
    /// Whether each was given up, oldest first.
    recent: VecDeque<bool>,
    letters: usize,
    stopped: Option<Instant>,
}

impl StopLimit {
    /// Without any records yet.
    pub fn new(limit: Limit) -> Self {
        Self { limit, recent: VecDeque::new(), letters: 0, stopped: None }
    }

    /// Whether these too may be added to the recent records.
    #[allow(clippy::cast_precision_loss)] // a share of some thousands
    pub fn admits(&self, more: Counts) -> bool {
        let letters = self.letters + more.letters;
        let all = self.recent.len() + more.letters + more.answered;
        letters <= self.limit.minimum || letters as f64 <= self.limit.share * all as f64
    }

    /// Adds records.
    pub fn note(&mut self, more: Counts) {
        let answered = std::iter::repeat_n(false, more.answered.min(self.limit.window));
        for is_letter in answered.chain(std::iter::repeat_n(true, more.letters.min(self.limit.window))) {
            self.recent.push_back(is_letter);
            self.letters += usize::from(is_letter);
            if self.recent.len() > self.limit.window {
                self.letters -= usize::from(self.recent.pop_front() == Some(true));
            }
        }
    }

    /// Adds records of before, at most as many as are recent, in the same proportion.
    fn recall(&mut self, before: Counts) {
        let all = before.letters + before.answered;
        let part =
            |count: usize| if all > self.limit.window { count * self.limit.window / all } else { count };
        self.note(Counts { letters: part(before.letters), answered: part(before.answered) });
    }

    /// Whether a record beyond the limit has been met lately.
    fn is_stopped(&self) -> bool {
        self.stopped.is_some_and(|at| at.elapsed() < BELOW_AGAIN)
    }
}

impl Engine {
    /// Holds the records of a batch that would be given up beyond the limit. What an operator has had handled again is
    /// theirs to judge.
    pub(super) fn stop_at_limit(&mut self, items: &[Item<'_>], settled: &mut Settled) {
        let counts = |item: &&Item<'_>| !item.skipped && !self.waiting.is_again(item.raw);
        let mine: Vec<&Item<'_>> = items.iter().filter(counts).collect();
        let answered = mine.iter().filter(|item| !item.is_letter() && !settled.is_held(item.raw)).count();
        let mut first_time = Counts { letters: 0, answered };
        for item in mine.into_iter().filter(|item| item.is_letter()) {
            let with = Counts { letters: first_time.letters + 1, ..first_time };
            if settled.is_held(item.raw) {
                continue;
            }
            if self.stop_limit.admits(with) {
                first_time = with;
            } else {
                self.hold_at_limit(item, settled);
            }
        }
        settled.first_time = first_time;
    }

    fn hold_at_limit(&mut self, item: &Item<'_>, settled: &mut Settled) {
        let cause = item.answer.as_ref().and_then(|answer| answer.as_ref().err());
        let code = cause.map_or("", Fault::code);
        let message = format!(
            "too many of the recent records would be dead-lettered, this one as {code}: mend the cause and start again, or \
             raise DEAD_LETTER_SHARE if they are to be given up"
        );
        let fault = Fault::transient("too_many_dead_letters", message).excused(LOOK_AGAIN);
        let raw: &Raw = item.raw;
        warn!(code = fault.code(), %fault, topic = %raw.place.topic, partition = raw.place.partition,
            offset = raw.place.offset, "held");
        self.health.concern("dead_letters", fault.to_string());
        ::metrics::gauge!(metrics::STOPPED).set(1.0);
        self.stop_limit.stopped = Some(Instant::now());
        self.held.excuse(&raw.place, LOOK_AGAIN);
        settled.hold(&raw.place);
    }

    /// Says that the service is below its limit again, once it is.
    pub(super) fn report_limit(&self) {
        if !self.stop_limit.is_stopped() {
            self.health.settled("dead_letters");
            ::metrics::gauge!(metrics::STOPPED).set(0.0);
        }
    }

    /// Takes what the group has given up and answered in the last hour for recent. Both are told by offsets, in which the
    /// marks of transactions count too: nothing is read for it.
    ///
    /// # Errors
    /// `Transient` when the broker does not answer.
    pub(super) fn recall_letters(&mut self) -> Result<(), Fault> {
        let since = self.clock.now().checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN).as_millisecond();
        let mut letters = 0;
        let name = self.names.topic(self.waiting.topics.dead_letters);
        for (partition, begin) in self.offsets_at(&name, since)? {
            let (_, end) = self.consumer.fetch_watermarks(&name, partition, ASK).map_err(unavailable)?;
            letters += between(begin, end);
        }
        if letters > 0 {
            let answered = self.handled_since(since)?.saturating_sub(letters);
            self.stop_limit.recall(Counts { letters, answered });
        }
        Ok(())
    }

    /// How many offsets of its inputs the group has committed since then.
    fn handled_since(&self, since: i64) -> Result<usize, Fault> {
        let mut handled = 0;
        for topic in self.inputs.iter().filter(|topic| !topic.is_of_a_group()) {
            let name = self.names.topic(*topic);
            let begins = self.offsets_at(&name, since)?;
            let mut list = TopicPartitionList::new();
            for partition in begins.keys() {
                list.add_partition(&name, *partition);
            }
            let committed = self.consumer.committed_offsets(list, ASK).map_err(unavailable)?;
            for partition in committed.elements() {
                let begin = begins.get(&partition.partition()).copied().unwrap_or_default();
                handled += between(begin, partition.offset().to_raw().unwrap_or_default());
            }
        }
        Ok(handled)
    }

    /// The first offset of each partition of a topic that is not older than this; its end, where all are.
    fn offsets_at(&self, name: &str, since: i64) -> Result<BTreeMap<i32, i64>, Fault> {
        let metadata = self.consumer.fetch_metadata(Some(name), ASK).map_err(unavailable)?;
        let mut list = TopicPartitionList::new();
        for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
            let asked = list.add_partition_offset(name, partition.id(), Offset::Offset(since));
            asked.map_err(unavailable)?;
        }
        let found = self.consumer.offsets_for_times(list, ASK).map_err(unavailable)?;
        let offset = |offset: Offset| offset.to_raw().filter(|offset| *offset >= 0).unwrap_or(i64::MAX);
        Ok(found.elements().iter().map(|one| (one.partition(), offset(one.offset()))).collect())
    }
}

fn between(begin: i64, end: i64) -> usize {
    usize::try_from(end.saturating_sub(begin)).unwrap_or_default() // none, where nothing has come since
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: Limit = Limit { share: 0.5, window: 100, minimum: 10 };

    const fn counts(letters: usize, answered: usize) -> Counts {
        Counts { letters, answered }
    }

    #[test]
    fn a_few_letters_always_pass_and_many_only_beside_as_many_others() {
        let mut recent = StopLimit::new(LIMIT);
        assert!(recent.admits(counts(10, 0)), "a few");
        assert!(!recent.admits(counts(11, 0)));
        assert!(recent.admits(counts(11, 11)));
        recent.note(counts(10, 0));
        assert!(!recent.admits(counts(1, 0)));
        recent.note(counts(0, 11));
        assert!(recent.admits(counts(1, 0)), "others have succeeded");
    }

    #[test]
    fn only_recent_records_count() {
        let mut recent = StopLimit::new(LIMIT);
        recent.note(counts(100, 0));
        assert!(!recent.admits(counts(1, 0)));
        recent.note(counts(0, 100));
        assert!(recent.admits(counts(10, 0)));
        assert_eq!((recent.letters, recent.recent.len()), (0, 100));
    }

    #[test]
    fn what_was_before_counts_in_its_proportion() {
        let mut recent = StopLimit::new(LIMIT);
        recent.recall(counts(500, 49_500));
        assert_eq!((recent.letters, recent.recent.len()), (1, 100));
        assert!(recent.admits(counts(10, 0)), "one in a hundred was given up before");
        let mut recent = StopLimit::new(LIMIT);
        recent.recall(counts(20, 1));
        assert!(!recent.admits(counts(1, 0)), "most were");
    }

    proptest! {
        #[test]
        fn a_topic_full_of_poison_is_never_emptied(batches in prop::collection::vec((0usize..40, 0usize..3), 0..60)) {
            let mut recent = StopLimit::new(Limit { window: 10_000, ..LIMIT });
            let (mut letters, mut all) = (0, 0);
            for (poison, good) in batches {
                let mut batch = counts(0, good);
                while batch.letters < poison && recent.admits(counts(batch.letters + 1, good)) {
                    batch.letters += 1;
                }
                recent.note(batch);
                letters += batch.letters;
                all += batch.letters + good;
                prop_assert!(letters <= LIMIT.minimum || letters * 2 <= all, "{} of {}", letters, all);
            }
        }
    }
}
