//! Partitions that wait for a record's next attempt.
//!
//! A record with a transient fault holds its partition: nothing after it is published until it is settled. It is
//! given up (dead-lettered) only when it fails while others succeed, so that an outage never fills a queue.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use rand::RngExt;

use crate::{envelope::Tried, step::Origin, topics::Topic};

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What becomes of a record that failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is tried again.
    Hold,
    /// It has failed this often while others succeeded.
    GiveUp(Tried),
}

/// The held partitions of one instance.
#[derive(Debug, Default)]
pub(crate) struct Held {
    waiting: BTreeMap<(Topic, i32), Waiting>,
    successes: HashMap<&'static str, Instant>,
}

#[derive(Debug)]
struct Waiting {
    offset: i64,
    attempts: u32,
    counted: u32,
    /// When it failed for the first time.
    begun: Instant,
    since: Instant,
    resume_at: Instant,
    paused: bool,
    /// Whether it waits for something that is known to be down.
    excused: bool,
}

impl Held {
    /// Notes that a step has succeeded for some record.
    pub fn succeeded(&mut self, step: &'static str) {
        self.successes.insert(step, Instant::now());
    }

    /// Judges a transient fault of the record at `origin`.
    pub fn failed(&mut self, origin: &Origin, step: &'static str, limit: u32) -> Verdict {
        let now = Instant::now();
        let succeeded = self.successes.get(step).copied();
        let Some(waiting) = self.holder(origin, now) else { return Verdict::Hold };
        waiting.excused = false;
        waiting.attempts += 1;
        // Only a failure beside successes says something about the record.
        if succeeded.is_some_and(|success| success >= waiting.since) {
            waiting.counted += 1;
        }
        if waiting.counted >= limit {
            let tried = waiting.tried(now);
            self.waiting.remove(&(origin.topic, origin.partition));
            return Verdict::GiveUp(tried);
        }
        let wait = FIRST_WAIT.saturating_mul(1 << (waiting.attempts - 1).min(10)).min(LONGEST_WAIT);
        waiting.resume_at = now + wait.mul_f64(rand::rng().random_range(0.8..1.2));
        waiting.paused = true;
        Verdict::Hold
    }

    /// Holds the record at `origin` for `wait` and counts no attempt: what it needs is known to be down.
    pub fn excuse(&mut self, origin: &Origin, wait: Duration) {
        let now = Instant::now();
        let Some(waiting) = self.holder(origin, now) else { return };
        waiting.excused = true;
        waiting.since = now; // what succeeded before the outage says nothing about the record
        waiting.resume_at = now + wait.mul_f64(rand::rng().random_range(1.0..1.1)); // never a moment too early
        waiting.paused = true;
    }

    /// The entry of the record at `origin`; none when an earlier one holds its partition, and is the one to judge.
    fn holder(&mut self, origin: &Origin, now: Instant) -> Option<&mut Waiting> {
        let place = (origin.topic, origin.partition);
        let waiting = self.waiting.entry(place).or_insert_with(|| Waiting::begin(origin.offset, now));
        if waiting.offset > origin.offset {
            *waiting = Waiting::begin(origin.offset, now);
        }
        (waiting.offset == origin.offset).then_some(waiting)
    }

    /// How the record at `origin` was tried, if it has held its partition.
    pub fn tried(&self, origin: &Origin) -> Tried {
        let waiting = self.waiting.get(&(origin.topic, origin.partition));
        let waiting = waiting.filter(|waiting| waiting.offset == origin.offset);
        waiting.map(|waiting| waiting.tried(Instant::now())).unwrap_or_default()
    }

    /// Makes sure that a partition which is paused at `offset` will be resumed: also when the record that held it until
    /// now has been settled in the same batch in which this one behind it has failed.
    pub fn wait_at(&mut self, topic: Topic, partition: i32, offset: i64) {
        let now = Instant::now();
        let waiting = self.waiting.entry((topic, partition)).or_insert_with(|| Waiting::begin(offset, now));
        if waiting.offset != offset {
            *waiting = Waiting::begin(offset, now);
        }
        if !waiting.paused {
            waiting.attempts += 1;
            waiting.resume_at = now + FIRST_WAIT;
            waiting.paused = true;
        }
    }

    /// Forgets records that are settled: everything before `next` on this partition.
    pub fn settled(&mut self, topic: Topic, partition: i32, next: i64) {
        if self.waiting.get(&(topic, partition)).is_some_and(|waiting| waiting.offset < next) {
            self.waiting.remove(&(topic, partition));
        }
    }

    /// Partitions whose time has come, once each.
    pub fn due(&mut self) -> Vec<(Topic, i32)> {
        let now = Instant::now();
        let due = self.waiting.iter_mut().filter(|(_, waiting)| waiting.paused && waiting.resume_at <= now);
        due.map(|(place, waiting)| {
            waiting.paused = false;
            *place
        })
        .collect()
    }

    /// Whether a partition waits for its time.
    pub fn is_paused(&self, topic: Topic, partition: i32) -> bool {
        self.waiting.get(&(topic, partition)).is_some_and(|waiting| waiting.paused)
    }

    /// How long until the next partition is due.
    pub fn next_due(&self) -> Option<Duration> {
        let paused = self.waiting.values().filter(|waiting| waiting.paused);
        paused.map(|waiting| waiting.resume_at.saturating_duration_since(Instant::now())).min()
    }

    /// How many partitions wait, and for how long the oldest has that waits for no known outage.
    pub fn extent(&self) -> (usize, Duration) {
        let waiting = self.waiting.values().filter(|waiting| !waiting.excused);
        let oldest = waiting.map(|waiting| waiting.since.elapsed()).max();
        (self.waiting.len(), oldest.unwrap_or_default())
    }

    /// How many partitions wait for a known outage to end.
    pub fn excused(&self) -> usize {
        self.waiting.values().filter(|waiting| waiting.excused).count()
    }

    /// Forgets all of it: the partitions are another instance's now.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

impl Waiting {
    fn tried(&self, now: Instant) -> Tried {
        let held = now.duration_since(self.begun);
        Tried { attempts: self.attempts, held_ms: u64::try_from(held.as_millis()).unwrap_or(u64::MAX) }
    }

    fn begin(offset: i64, now: Instant) -> Self {
        let (begun, since, resume_at) = (now, now, now);
        Self { offset, attempts: 0, counted: 0, begun, since, resume_at, paused: false, excused: false }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::topics::ORDERS;

    fn at(offset: i64) -> Origin {
        Origin { topic: ORDERS, partition: 0, offset, timestamp: Timestamp::UNIX_EPOCH }
    }

    /// After how many attempts it is given up.
    fn attempts(verdict: Verdict) -> Option<u32> {
        match verdict {
            Verdict::GiveUp(tried) => Some(tried.attempts),
            Verdict::Hold => None,
        }
    }

    #[test]
    fn an_outage_never_gives_a_record_up() {
        let mut held = Held::default();
        for _ in 0..100 {
            assert_eq!(held.failed(&at(7), "step", 3), Verdict::Hold);
        }
    }

    #[test]
    fn a_record_that_fails_while_others_succeed_is_given_up() {
        let mut held = Held::default();
        assert_eq!(held.failed(&at(7), "step", 2), Verdict::Hold);
        held.succeeded("step");
        assert_eq!(held.failed(&at(7), "step", 2), Verdict::Hold);
        held.succeeded("step");
        assert_eq!(attempts(held.failed(&at(7), "step", 2)), Some(3));
        assert_eq!(held.extent().0, 0);
    }

    #[test]
    fn an_answer_is_told_how_its_cause_was_tried() {
        let mut held = Held::default();
        assert!(held.tried(&at(7)).is_nothing());
        held.failed(&at(7), "step", 5);
        held.failed(&at(7), "step", 5);
        assert_eq!(held.tried(&at(7)).attempts, 2);
        assert!(held.tried(&at(8)).is_nothing(), "of another record");
        held.settled(ORDERS, 0, 8);
        assert!(held.tried(&at(7)).is_nothing());
    }

    #[test]
    fn another_record_begins_anew() {
        let mut held = Held::default();
        held.failed(&at(7), "step", 2);
        held.succeeded("step");
        held.failed(&at(7), "step", 2);
        held.settled(ORDERS, 0, 8);
        assert_eq!(held.failed(&at(8), "step", 2), Verdict::Hold);
        held.settled(ORDERS, 0, 9);
        assert_eq!(held.extent().0, 0);
    }

    #[test]
    fn a_partition_is_resumed_when_its_record_is_settled_and_one_behind_it_fails() {
        let mut held = Held::default();
        held.failed(&at(7), "step", 9);
        assert_eq!(held.failed(&at(8), "step", 9), Verdict::Hold);
        held.settled(ORDERS, 0, 8);
        assert_eq!(held.next_due(), None, "nothing waits any more");
        held.wait_at(ORDERS, 0, 8);
        assert!(held.next_due().is_some());
    }

    #[test]
    fn an_outage_that_is_known_counts_no_attempt_and_is_waited_out() {
        let mut held = Held::default();
        held.failed(&at(7), "step", 2);
        for _ in 0..100 {
            held.succeeded("step");
            held.excuse(&at(7), Duration::from_secs(60));
        }
        assert!(held.next_due().unwrap() > Duration::from_secs(59), "it waits as long as it was told");
        assert_eq!(held.extent(), (1, Duration::ZERO), "a known outage is not a record that keeps failing");
        assert_eq!(held.excused(), 1);
        assert_eq!(held.failed(&at(7), "step", 1), Verdict::Hold, "nothing has succeeded since the outage");
        held.succeeded("step");
        assert_eq!(attempts(held.failed(&at(7), "step", 1)), Some(3));
    }

    #[test]
    fn neighbours_that_fail_too_do_not_forgive_the_first() {
        let mut held = Held::default();
        held.succeeded("step");
        held.failed(&at(7), "step", 2);
        held.succeeded("step");
        held.failed(&at(7), "step", 2);
        assert_eq!(held.failed(&at(8), "step", 2), Verdict::Hold);
        held.succeeded("step");
        assert_eq!(attempts(held.failed(&at(7), "step", 2)), Some(3));
    }
}
