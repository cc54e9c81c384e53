//! How many orders pass each service, and how long that takes: counted from the events that are folded anyway, over the
//! last minute, in bounded memory. Each instance counts what it reads.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use orderflow::{
    events::{OrderPlaced, Record, ShippingLabelGenerated},
    order_state::Fact,
};
use serde::Serialize;
use uuid::Uuid;

use super::hops::{HOPS, index_of};
use crate::{entry::Note, line::millis};

/// Over how long, in seconds.
pub const WINDOW: i64 = 60;
/// How many events are remembered to look their answers' causes up: some seconds of a very busy shop.
const REMEMBERED: usize = 50_000;
/// How many times are kept of a service: of a busier shop the newest of the minute.
const SAMPLES: usize = 8_192;

/// Counts. Clones share them.
#[derive(Clone)]
pub struct Counts(Arc<Mutex<Inner>>);

struct Inner {
    since: Timestamp,
    times: Times,
    hops: [Passed; HOPS.len()],
    end_to_end: Passed,
}

/// When events happened, the newest of them.
#[derive(Default)]
struct Times {
    at: HashMap<Uuid, Timestamp>,
    order: VecDeque<Uuid>,
}

/// What has passed in the window.
#[derive(Default)]
struct Passed {
    /// Second, and how many.
    seconds: VecDeque<(i64, u32)>,
    /// Second, and milliseconds.
    took: VecDeque<(i64, f64)>,
}

/// How many, and how quickly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pace {
    /// Orders a second.
    pub per_s: f64,
    /// Half took at most this long; absent where none has.
    pub p50_ms: Option<f64>,
    /// 95 of 100 took at most this long.
    pub p95_ms: Option<f64>,
}

/// What was counted of the last minute.
pub struct Counted {
    /// Of each of [`HOPS`].
    pub hops: [Pace; HOPS.len()],
    /// From placed to labelled.
    pub end_to_end: Pace,
}

impl Counts {
    /// Nothing counted yet.
    pub fn new(now: Timestamp) -> Self {
        let inner = Inner {
            since: now,
            times: Times::default(),
            hops: Default::default(),
            end_to_end: Passed::default(),
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Counts what was read in one batch.
    pub fn take<'a>(&self, batch: impl Iterator<Item = &'a Note>, now: Timestamp) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for note in batch {
            inner.take(note, now);
        }
    }

    /// What was counted of the last minute.
    pub fn counted(&self, now: Timestamp) -> Counted {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lived = now.duration_since(inner.since).as_secs().clamp(1, WINDOW);
        let Inner { hops, end_to_end, .. } = &mut *inner;
        Counted {
            hops: hops.each_mut().map(|hop| hop.pace(now, lived)),
            end_to_end: end_to_end.pace(now, lived),
        }
    }
}

impl Inner {
    fn take(&mut self, note: &Note, now: Timestamp) {
        let entry = &note.entry;
        self.times.remember(entry.id, entry.at);
        // What is read long after it was written says nothing of now.
        let second = entry.logged_at.as_second();
        let is_answer = note.fact.is_some() || OrderPlaced::is_named(&entry.kind);
        let Some(hop) = index_of(&entry.source).filter(|_| is_answer && second > now.as_second() - WINDOW)
        else {
            return;
        };
        let cause = entry.cause.and_then(|cause| self.times.at.get(&cause));
        self.hops[hop].note(second, cause.map(|cause| millis(*cause, entry.at)));
        if note.fact == Some(Fact::Labelled)
            && ShippingLabelGenerated::is_named(&entry.kind)
            && let Some(order) = &note.order
        {
            self.end_to_end.note(second, Some(millis(order.placed_at, entry.at)));
        }
    }
}

impl Times {
    fn remember(&mut self, id: Uuid, at: Timestamp) {
        if self.at.insert(id, at).is_none() {
            self.order.push_back(id);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.at.remove(&oldest);
            }
        }
    }
}

impl Passed {
    fn note(&mut self, second: i64, ms: Option<f64>) {
        match self.seconds.iter_mut().rev().find(|(at, _)| *at == second) {
            Some((_, count)) => *count += 1,
            None => self.seconds.push_back((second, 1)),
        }
        self.took.extend(ms.map(|ms| (second, ms)));
        if self.took.len() > SAMPLES {
            self.took.pop_front();
        }
        if i64::try_from(self.seconds.len()).unwrap_or(i64::MAX) > 2 * WINDOW {
            self.seconds.pop_front();
        }
    }

    fn pace(&mut self, now: Timestamp, lived: i64) -> Pace {
        let oldest = now.as_second() - WINDOW;
        self.seconds.retain(|(second, _)| *second > oldest);
        self.took.retain(|(second, _)| *second > oldest);
        let passed: u32 = self.seconds.iter().map(|(_, count)| count).sum();
        let mut took: Vec<f64> = self.took.iter().map(|(_, ms)| *ms).collect();
        took.sort_by(f64::total_cmp);
        #[allow(clippy::cast_precision_loss)] // 1 to 60
        let per_s = f64::from(passed) / lived as f64;
        Pace { per_s: (per_s * 10.0).round() / 10.0, p50_ms: rank(&took, 50), p95_ms: rank(&took, 95) }
    }
}

/// The nearest rank.
fn rank(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_of_what_was_measured() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((rank(&hundred, 50), rank(&hundred, 95)), (Some(50.0), Some(95.0)));
        assert_eq!((rank(&[7.0], 50), rank(&[7.0], 95), rank(&[], 50)), (Some(7.0), Some(7.0), None));
    }

    #[test]
    fn memory_is_bounded_and_the_newest_is_kept() {
        let mut times = Times::default();
        for n in 0..REMEMBERED as u128 + 10 {
            times.remember(Uuid::from_u128(n), Timestamp::UNIX_EPOCH);
            times.remember(Uuid::from_u128(n), Timestamp::UNIX_EPOCH);
        }
        assert_eq!((times.at.len(), times.order.len()), (REMEMBERED, REMEMBERED));
        assert!(times.at.contains_key(&Uuid::from_u128(REMEMBERED as u128 + 9)));
        let mut passed = Passed::default();
        for n in 0..3 * SAMPLES as i64 {
            passed.note(n / 100, Some(1.0));
        }
        assert!(passed.took.len() <= SAMPLES && passed.seconds.len() <= 2 * WINDOW as usize);
    }

    #[test]
    fn what_is_older_than_a_minute_counts_no_more() {
        let mut passed = Passed::default();
        for second in 0..100 {
            passed.note(second, Some(f64::from(i32::try_from(second).unwrap())));
            passed.note(second, None);
        }
        let pace = passed.pace(Timestamp::from_second(99).unwrap(), 60);
        assert_eq!(pace, Pace { per_s: 2.0, p50_ms: Some(69.0), p95_ms: Some(96.0) });
        let none = passed.pace(Timestamp::from_second(500).unwrap(), 60);
        assert_eq!(none, Pace { per_s: 0.0, p50_ms: None, p95_ms: None });
    }
}
