//! What one turn of the loop holds: records as they came, cut into rounds.

use std::collections::HashMap;

use jiff::Timestamp;
use rdkafka::message::{Message, OwnedHeaders, OwnedMessage};
use uuid::Uuid;

use super::original;
use crate::{
    envelope::Envelope,
    step::Origin,
    topics::{Names, Topic},
    trace::TraceContext,
};

/// A record off the wire.
#[derive(Debug)]
pub(crate) struct Raw {
    /// Where it was read.
    pub place: Origin,
    /// Where it first stood: somewhere else when it is handled again.
    pub origin: Origin,
    pub message: OwnedMessage,
    /// Who waits for it.
    pub urgency: Urgency,
}

/// Who waits for what a record leads to, as far as one can tell before it is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// An order.
    Now,
    /// No order: its step [gathers](crate::step::Step::GATHERS).
    Later,
    /// Nobody: no step is for it.
    Never,
}

impl Raw {
    /// A record where it first stood.
    pub fn at(place: Origin, message: OwnedMessage) -> Self {
        Self { place, origin: place, message, urgency: Urgency::Now }
    }

    /// One that no step is for: all that counts is where it stood.
    pub fn passed(place: Origin) -> Self {
        let (partition, offset) = (place.partition, place.offset);
        let nothing = OwnedMessage::new(
            None,
            None,
            String::new(),
            rdkafka::Timestamp::NotAvailable,
            partition,
            offset,
            None,
        );
        Self { urgency: Urgency::Never, ..Self::at(place, nothing) }
    }

    /// A record read from a topic of its group's own: `by_schema` is the topic its schema belongs to, for one whose
    /// headers do not tell where it first stood.
    pub fn again(place: Origin, message: OwnedMessage, names: &Names, by_schema: Option<Topic>) -> Self {
        let told = original::origin(message.headers(), names);
        let origin = told.unwrap_or(Origin { topic: by_schema.unwrap_or(place.topic), ..place });
        Self { place, origin, message, urgency: Urgency::Now }
    }

    /// Whether it has been read before, and put aside.
    fn is_again(&self) -> bool {
        self.place.topic != self.origin.topic
    }

    /// How often it had failed when it was given up last.
    pub fn attempts_before(&self) -> u32 {
        if self.is_again() { original::attempts(self.headers()) } else { 0 }
    }

    /// Its own headers.
    pub fn headers_as_it_came(&self) -> OwnedHeaders {
        match self.headers() {
            Some(headers) if self.is_again() => original::as_it_came(Some(headers)),
            headers => headers.cloned().unwrap_or_default(),
        }
    }

    /// When it failed for the first time, when it has been given up before.
    pub fn first_failed(&self) -> Option<Timestamp> {
        let told = self.headers().filter(|_| self.is_again())?;
        std::str::from_utf8(original::added(told, original::FIRST_FAILED)?).ok()?.parse().ok()
    }

    /// Whether an operator wants it given up for good.
    pub fn is_discarded(&self) -> bool {
        let told = self.headers().filter(|_| self.is_again());
        told.is_some_and(|headers| original::added(headers, original::DISCARD).is_some())
    }

    /// What stays with it however often it comes back, behind these headers.
    pub fn carry(&self, to: OwnedHeaders, discard: bool) -> OwnedHeaders {
        match self.headers() {
            Some(headers) if self.is_again() => original::carry(headers, to, discard),
            _ => to,
        }
    }

    /// The event's id, or that of the event it is an edited version of; for a foreign record that has none, that of the
    /// place where it first stood.
    pub fn id(&self) -> Uuid {
        match self.headers() {
            headers if self.is_again() => original::event_id(headers, &self.origin),
            headers => Envelope::from_headers(headers, &self.origin, "", "").id,
        }
    }

    pub fn key(&self) -> &[u8] {
        self.message.key().unwrap_or_default()
    }

    pub fn key_text(&self) -> String {
        String::from_utf8_lossy(self.key()).into_owned()
    }

    /// The value; a tombstone has none and reads as empty.
    pub fn value(&self) -> &[u8] {
        self.message.payload().unwrap_or_default()
    }

    pub fn headers(&self) -> Option<&OwnedHeaders> {
        self.message.headers()
    }

    /// The last header of that name; empty when there is none.
    pub fn header(&self, name: &str) -> &[u8] {
        self.headers().and_then(|headers| original::last(headers, name)).unwrap_or_default()
    }

    /// The request that began it all, for the log.
    pub fn correlation_id(&self) -> &str {
        std::str::from_utf8(self.header("ce_correlationid")).unwrap_or_default()
    }

    /// The trace's id, for the log; empty when it has none.
    pub fn trace_id(&self) -> String {
        let trace = std::str::from_utf8(self.header("traceparent")).ok().and_then(TraceContext::parse);
        trace.map(|trace| trace.trace_id()).unwrap_or_default()
    }

    pub fn size(&self) -> usize {
        self.key().len() + self.value().len()
    }
}

/// A record as it came, for a step's [`Input`](crate::events::Input) to read.
#[derive(Debug, Clone, Copy)]
pub struct OnWire<'r> {
    pub(crate) raw: &'r Raw,
    /// How this environment names the topics that its headers tell of.
    pub(crate) names: &'r Names,
}

impl<'r> OnWire<'r> {
    /// The value; a tombstone has none and reads as empty.
    #[must_use]
    pub fn value(&self) -> &'r [u8] {
        self.raw.value()
    }
}

/// Which round each record belongs to: within a round all keys differ, so its records can be handled as one batch,
/// and a key's records run one round after the other in the order in which they were polled.
pub(crate) fn rounds<'a>(keys: impl Iterator<Item = &'a [u8]>) -> Vec<usize> {
    let mut next: HashMap<&[u8], usize> = HashMap::new();
    keys.map(|key| {
        // Records without a key have no order to keep.
        if key.is_empty() {
            return 0;
        }
        let round = next.entry(key).or_default();
        *round += 1;
        *round - 1
    })
    .collect()
}

/// How many records to take at most: more while batches are quick, fewer when they take long, so that a slow step
/// stays responsive and a quick one shares its round trips.
#[derive(Debug)]
pub(crate) struct Pace {
    limit: usize,
    max: usize,
}

impl Pace {
    const START: usize = 64;
    const LEAST: usize = 8;
    /// A batch that takes longer than this is too large.
    const TARGET: std::time::Duration = std::time::Duration::from_millis(250);

    pub fn new(max: usize) -> Self {
        Self { limit: Self::START.min(max), max }
    }

    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Learns from a batch of `len` records that took `took`.
    pub fn learn(&mut self, len: usize, took: std::time::Duration) {
        if took > Self::TARGET {
            self.limit = (self.limit / 2).max(Self::LEAST.min(self.max));
        } else if len >= self.limit {
            self.limit = (self.limit * 2).min(self.max);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_round_holds_each_key_once_and_keeps_its_order(keys in prop::collection::vec("[a-c]", 0..40)) {
            let rounds = rounds(keys.iter().map(|key| key.as_bytes()));
            for (i, key) in keys.iter().enumerate() {
                let before = keys[..i].iter().filter(|other| *other == key).count();
                prop_assert_eq!(rounds[i], before);
            }
        }

        #[test]
        fn the_pace_stays_between_one_record_and_its_maximum(
            max in 1usize..2000,
            turns in prop::collection::vec((0usize..2000, 0u64..1000), 0..50),
        ) {
            let mut pace = Pace::new(max);
            for (len, millis) in turns {
                pace.learn(len, Duration::from_millis(millis));
                prop_assert!((1..=max).contains(&pace.limit()));
            }
        }
    }
}
