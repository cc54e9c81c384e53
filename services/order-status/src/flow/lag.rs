//! What waits in front of each service, and for how long. Pure.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use orderflow::topics::Topic;

use super::{
    groups::{Group, Positions},
    hops::HOPS,
};

/// Most ends remembered of a partition: after ten minutes' backlog, every other is forgotten.
const REMEMBERED: usize = 600;

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lag {
    /// Offsets that were not read: records, and the marks of transactions between them.
    pub offsets: i64,
    /// For how long the oldest has waited, in seconds, as far as somebody has looked.
    pub age_s: f64,
}

/// Since when a partition ends where it does: what waits is as old as the first end behind what was read.
#[derive(Default)]
pub struct Ages(HashMap<(&'static str, Topic, i32), Ends>);

/// Where a partition ended, and when that was seen first.
type Ends = VecDeque<(Timestamp, i64)>;

impl Ages {
    /// What waits in front of a service now. `read` is up to where this very instance has read each partition.
    pub fn lag(
        &mut self,
        service: &'static str,
        positions: &Positions,
        read: &HashMap<(Topic, i32), i64>,
        now: Timestamp,
    ) -> Lag {
        let none = Group::default();
        let group = positions.groups.get(service).unwrap_or(&none);
        let reads = HOPS.iter().find(|hop| hop.service == service).map_or(&[][..], |hop| hop.reads);
        let mut lag = Lag { offsets: 0, age_s: 0.0 };
        for (place, end) in positions.ends.iter().filter(|((topic, _), _)| reads.contains(topic)) {
            let committed = group.committed.get(place).copied().unwrap_or(0);
            let behind = waiting(committed, *end, read.get(place).copied());
            lag.offsets += behind;
            let ends = self.0.entry((service, place.0, place.1)).or_default();
            if behind == 0 {
                ends.clear(); // of what is left, nobody reads anything
                continue;
            }
            lag.age_s = lag.age_s.max(age(ends, committed, *end, now));
        }
        lag
    }
}

/// Offsets between what was read and the end. The last one may be the mark of a transaction, which nobody reads: it is
/// taken for one unless it is known for a record.
fn waiting(committed: i64, end: i64, read: Option<i64>) -> i64 {
    let is_record = read.is_some_and(|last| last + 1 >= end);
    let end = if is_record { end } else { end - 1 };
    (end - committed).max(0)
}

/// For how long a partition has ended behind what was read, in seconds.
fn age(ends: &mut Ends, committed: i64, end: i64, now: Timestamp) -> f64 {
    while ends.front().is_some_and(|(_, end)| *end <= committed) {
        ends.pop_front();
    }
    if end > committed && ends.back().is_none_or(|(_, last)| *last < end) {
        ends.push_back((now, end));
    }
    if ends.len() > REMEMBERED {
        let mut index = 0;
        ends.retain(|_| {
            index += 1;
            index % 2 == 1
        });
    }
    ends.front().map_or(0.0, |(since, _)| now.duration_since(*since).as_secs_f64().max(0.0))
}

#[cfg(test)]
mod tests {
    use orderflow::topics::{FRAUD, ORDERS};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    fn positions(committed: i64, end: i64) -> Positions {
        let group = Group { committed: [((ORDERS, 0), committed)].into(), instances: 1 };
        // What it does not read is none of its business.
        let ends = [((ORDERS, 0), end), ((FRAUD, 0), 99)].into();
        Positions { ends, groups: [("fraud-scoring", group)].into() }
    }

    #[test]
    fn what_waits_grows_older_until_it_is_read() {
        let mut ages = Ages::default();
        let mut lag = |committed, end, second| {
            let read = [((ORDERS, 0), end - 1)].into();
            let lag = ages.lag("fraud-scoring", &positions(committed, end), &read, at(second));
            (lag.offsets, lag.age_s)
        };
        assert_eq!(lag(5, 5, 0), (0, 0.0));
        assert_eq!(lag(5, 7, 1), (2, 0.0));
        assert_eq!(lag(5, 9, 4), (4, 3.0));
        assert_eq!(lag(7, 9, 5), (2, 1.0), "what came first was read");
        assert_eq!(lag(9, 9, 6), (0, 0.0));
    }

    #[test]
    fn what_was_read_but_for_a_mark_does_not_grow_older() {
        let mut ages = Ages::default();
        let mut lag = |committed, second| {
            let lag = ages.lag("fraud-scoring", &positions(committed, 8), &HashMap::new(), at(second));
            (lag.offsets, lag.age_s)
        };
        assert_eq!((lag(5, 0), lag(5, 9)), ((2, 0.0), (2, 9.0)));
        assert_eq!((lag(7, 10), lag(7, 60)), ((0, 0.0), (0, 0.0)));
    }

    #[test]
    fn the_mark_behind_the_last_transaction_does_not_wait() {
        assert_eq!(waiting(9, 10, Some(8)), 0);
        assert_eq!(waiting(9, 10, Some(9)), 1);
        assert_eq!(waiting(9, 10, None), 0, "not known for a record");
        assert_eq!(waiting(10, 10, Some(9)), 0);
        assert_eq!(waiting(0, 0, None), 0);
    }

    #[test]
    fn a_backlog_of_any_length_is_remembered_in_bounded_memory_and_its_beginning_is() {
        let mut ends = VecDeque::new();
        let ages: Vec<f64> = (0..10_000).map(|second| age(&mut ends, 0, second + 1, at(second))).collect();
        assert!(ends.len() <= REMEMBERED, "{}", ends.len());
        assert_eq!(ages.last(), Some(&9_999.0));
    }
}
