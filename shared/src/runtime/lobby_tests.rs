use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::select};
use rdkafka::message::OwnedMessage;

use super::{
    Urgency::{Later, Never, Now},
    *,
};
use crate::{
    step::Origin,
    topics::{FRAUD, ORDERS},
};

const WAIT: Duration = Duration::from_millis(50);

fn record(topic: Topic, offset: i64, key: &str, urgency: Urgency) -> Raw {
    let place = Origin { topic, partition: 0, offset, timestamp: Timestamp::UNIX_EPOCH };
    let time = rdkafka::Timestamp::NotAvailable;
    let message = OwnedMessage::new(None, Some(key.into()), String::new(), time, 0, offset, None);
    Raw { urgency, ..Raw::at(place, message) }
}

fn offsets(batch: &[Raw]) -> Vec<i64> {
    batch.iter().map(|raw| raw.place.offset).collect()
}

#[test]
fn what_an_order_waits_for_does_not_wait_for_the_rest() {
    let (mut lobby, now) = (Lobby::new(WAIT), Instant::now());
    assert!(lobby.let_in(vec![record(ORDERS, 0, "a", Later)], 100, now).is_empty());
    let urgent = vec![record(FRAUD, 7, "b", Now)];
    assert_eq!(offsets(&lobby.let_in(urgent, 100, now)), [7]);
    assert_eq!(lobby.next_due(now + WAIT / 2), Some(WAIT / 2));
    assert_eq!(offsets(&lobby.let_in(Vec::new(), 100, now + WAIT)), [0]);
    assert_eq!(lobby.next_due(now), None);
}

#[test]
fn records_of_one_key_are_handled_in_the_order_they_came() {
    let (mut lobby, now) = (Lobby::new(WAIT), Instant::now());
    lobby.let_in(vec![record(ORDERS, 0, "a", Later)], 100, now);
    assert_eq!(offsets(&lobby.let_in(vec![record(FRAUD, 7, "a", Now)], 100, now)), [0, 7]);
}

#[test]
fn no_offset_is_committed_over_a_record_that_waits() {
    let (mut lobby, now) = (Lobby::new(WAIT), Instant::now());
    lobby.let_in(vec![record(ORDERS, 0, "a", Later), record(ORDERS, 1, "b", Never)], 100, now);
    assert_eq!(offsets(&lobby.let_in(vec![record(FRAUD, 7, "c", Now)], 100, now)), [7]);
    assert_eq!(offsets(&lobby.let_in(vec![record(ORDERS, 2, "d", Now)], 100, now)), [0, 1, 2]);
}

#[test]
fn what_leads_to_nothing_goes_with_whoever_goes() {
    let (mut lobby, now) = (Lobby::new(WAIT), Instant::now());
    assert!(lobby.let_in(vec![record(ORDERS, 0, "a", Never)], 100, now).is_empty());
    assert_eq!(offsets(&lobby.let_in(vec![record(FRAUD, 7, "a", Now)], 100, now)), [0, 7]);
    assert_eq!(lobby.next_due(now), None);
}

#[test]
fn nothing_waits_longer_than_it_may_or_beyond_a_batch() {
    let (mut lobby, now) = (Lobby::new(WAIT), Instant::now());
    assert!(lobby.let_in(vec![record(ORDERS, 0, "a", Later)], 2, now).is_empty());
    assert_eq!(offsets(&lobby.let_in(Vec::new(), 2, now + WAIT)), [0]);
    let two = vec![record(ORDERS, 1, "a", Later), record(ORDERS, 2, "b", Later)];
    assert_eq!(offsets(&lobby.let_in(two, 2, now)), [1, 2]);
}

#[test]
fn what_was_taken_back_is_forgotten() {
    let (mut lobby, now) = (Lobby::new(WAIT), Instant::now());
    lobby.let_in(vec![record(ORDERS, 0, "a", Later)], 100, now);
    lobby.clear();
    assert_eq!(offsets(&lobby.let_in(vec![record(ORDERS, 1, "b", Now)], 100, now)), [1]);
}

proptest! {
    /// Whatever comes, each record goes once; per partition and, of what has a step, per key in the order it came; and
    /// no partition is cut in two.
    #[test]
    fn every_record_goes_once_and_in_order(
        polls in vec(vec((select(vec![ORDERS, FRAUD]), select(vec!["a", "b", "c", "d"]), select(vec![Now, Later, Never])), 0..4), 0..12),
        limit in 1_usize..9,
    ) {
        let (mut lobby, start) = (Lobby::new(WAIT), Instant::now());
        let (mut next, mut came, mut went) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (turn, poll) in (0_u32..).zip(polls) {
            let polled: Vec<Raw> = poll
                .into_iter()
                .map(|(topic, key, urgency)| {
                    let offset = next.entry(topic.name()).and_modify(|next| *next += 1).or_insert(0_i64);
                    record(topic, *offset, key, urgency)
                })
                .collect();
            came.extend(polled.iter().map(told));
            let going = lobby.let_in(polled, limit, start + turn * WAIT / 3);
            let left: HashSet<_> = lobby.records.iter().map(partition).collect();
            prop_assert!(going.iter().all(|raw| !left.contains(&partition(raw)) && raw.urgency != Later) || left.is_empty());
            prop_assert!(lobby.with(Now).next().is_none());
            went.extend(going.iter().map(told));
        }
        went.extend(lobby.let_in(Vec::new(), 1, start).iter().map(told));
        for topic in [ORDERS, FRAUD] {
            let of = |all: &[Told]| all.iter().filter(|one| one.0 == topic).cloned().collect::<Vec<_>>();
            prop_assert_eq!(of(&went), of(&came));
        }
        for key in ["a", "b", "c", "d"] {
            let of = |all: &[Told]| all.iter().filter(|one| one.2 == key && one.3 != Never).cloned().collect::<Vec<_>>();
            prop_assert_eq!(of(&went), of(&came));
        }
    }
}

type Told = (Topic, i64, String, Urgency);

fn told(raw: &Raw) -> Told {
    (raw.place.topic, raw.place.offset, raw.key_text(), raw.urgency)
}
