//! Where records wait for company: those that no order waits for need no transaction of their own.

use std::time::{Duration, Instant};

use super::batch::Raw;

/// Records that were polled and may wait. They are handled with the first that may not, in the order in which they came;
/// until then they are as good as not polled.
pub(crate) struct Lobby {
    /// How long a record waits at most.
    wait: Duration,
    records: Vec<Raw>,
    /// When the first of them came.
    since: Option<Instant>,
}

impl Lobby {
    pub fn new(wait: Duration) -> Self {
        Self { wait, records: Vec::new(), since: None }
    }

    /// Adds what was polled; gives back what is to be handled now, which is all or nothing.
    pub fn let_in(&mut self, polled: Vec<Raw>, limit: usize, now: Instant) -> Vec<Raw> {
        let is_urgent = polled.iter().any(|raw| !raw.can_wait);
        self.records.extend(polled);
        if self.records.is_empty() {
            return Vec::new();
        }
        let since = *self.since.get_or_insert(now);
        if is_urgent || self.records.len() >= limit || now.duration_since(since) >= self.wait {
            self.since = None;
            return std::mem::take(&mut self.records);
        }
        Vec::new()
    }

    /// How long until what waits is due.
    pub fn next_due(&self, now: Instant) -> Option<Duration> {
        self.since.map(|since| self.wait.saturating_sub(now.duration_since(since)))
    }

    /// Forgets them: they will be polled again.
    pub fn clear(&mut self) {
        *self = Self::new(self.wait);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rdkafka::message::OwnedMessage;

    use super::*;
    use crate::{step::Origin, topics::ORDERS};

    const WAIT: Duration = Duration::from_millis(50);

    fn record(offset: i64, can_wait: bool) -> Raw {
        let place = Origin { topic: ORDERS, partition: 0, offset, timestamp: Timestamp::UNIX_EPOCH };
        let message =
            OwnedMessage::new(None, None, String::new(), rdkafka::Timestamp::NotAvailable, 0, offset, None);
        Raw { can_wait, ..Raw::at(place, message) }
    }

    fn offsets(batch: &[Raw]) -> Vec<i64> {
        batch.iter().map(|raw| raw.place.offset).collect()
    }

    #[test]
    fn records_that_can_wait_go_with_the_first_that_cannot_in_the_order_they_came() {
        let (mut lobby, now) = (Lobby::new(WAIT), Instant::now());
        assert!(lobby.let_in(vec![record(0, true)], 100, now).is_empty());
        assert!(lobby.let_in(vec![record(1, true)], 100, now).is_empty());
        let batch = lobby.let_in(vec![record(2, true), record(3, false)], 100, now);
        assert_eq!(offsets(&batch), [0, 1, 2, 3]);
        assert_eq!(lobby.next_due(now), None);
    }

    #[test]
    fn nothing_waits_longer_than_it_may_or_beyond_a_batch() {
        let (mut lobby, now) = (Lobby::new(WAIT), Instant::now());
        assert!(lobby.let_in(vec![record(0, true)], 2, now).is_empty());
        assert_eq!(lobby.next_due(now + WAIT / 2), Some(WAIT / 2));
        assert_eq!(offsets(&lobby.let_in(Vec::new(), 2, now + WAIT)), [0]);
        assert_eq!(offsets(&lobby.let_in(vec![record(1, true), record(2, true)], 2, now)), [1, 2]);
    }

    #[test]
    fn what_was_taken_back_is_forgotten() {
        let (mut lobby, now) = (Lobby::new(WAIT), Instant::now());
        lobby.let_in(vec![record(0, true)], 100, now);
        lobby.clear();
        assert_eq!(offsets(&lobby.let_in(vec![record(1, false)], 100, now)), [1]);
    }
}
