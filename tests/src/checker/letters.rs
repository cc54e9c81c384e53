//! I7: a dead letter is the record that was given up, bit by bit; what nobody can handle has one; and none is left open but
//! what an operator has parked, and the poison itself.

use std::collections::{BTreeSet, HashSet};

use uuid::Uuid;

use super::{
    Case, Violation,
    event::{Event, plain},
    headers,
};
use crate::chaos::evidence::InjectedKind;

const I7: &str = "I7";

pub(super) fn check(case: &Case) -> Vec<Violation> {
    let mut broken = Vec::new();
    for letter in case.aside.iter().filter(|event| is_letter(event)) {
        if let Some(what) = changed(case, letter) {
            broken.push(case.broken(I7, letter.order(), what));
        }
    }
    broken.extend(open(case));
    broken.extend(swallowed(case));
    broken
}

fn is_letter(event: &Event) -> bool {
    event.topic.ends_with(".dlq") || event.topic.ends_with(".parked")
}

/// What a letter has lost of its record. One whose record is not there is another invariant's.
fn changed(case: &Case, letter: &Event) -> Option<String> {
    let Some(origin) = origin(letter) else {
        return Some(format!("a letter on {} does not tell where its record stood", letter.topic));
    };
    let original = case.at(&origin)?;
    let lost = [
        ("key", original.raw.key != letter.raw.key),
        ("bytes", original.raw.value != letter.raw.value),
        ("headers", original.raw.headers != headers::own(&letter.raw)),
    ];
    let lost: Vec<&str> = lost.into_iter().filter(|(_, is_lost)| *is_lost).map(|(name, _)| name).collect();
    let (topic, partition, offset) = origin;
    let what = format!(
        "the letter on {} of {topic}/{partition}@{offset} has other {}",
        letter.topic,
        lost.join(", ")
    );
    (!lost.is_empty()).then_some(what)
}

/// Letters that nobody has settled or parked.
fn open(case: &Case) -> Vec<Violation> {
    let parked: HashSet<(&str, Uuid)> = case
        .aside
        .iter()
        .filter_map(|event| Some((event.topic.strip_suffix(".parked")?, event.id)))
        .collect();
    let mut seen = BTreeSet::new();
    let letters = case.aside.iter().filter(|letter| {
        let Some(service) = letter.topic.strip_suffix(".dlq") else { return false };
        case.is_open(service, letter.id)
            && !parked.contains(&(service, letter.id))
            && origin(letter).is_none_or(|origin| !case.is_poison(&origin))
            && seen.insert((service.to_owned(), letter.id))
    });
    letters
        .map(|letter| {
            let code = headers::text(&letter.raw, "orderflow_dlt-code").unwrap_or_default();
            case.broken(I7, letter.order(), format!("its letter on {} ({code}) is still open", letter.topic))
        })
        .collect()
}

/// What was put there as something nobody can handle, and is no letter of anybody. What only lacks headers can be handled.
fn swallowed(case: &Case) -> Vec<Violation> {
    let letters: HashSet<_> = case.aside.iter().filter(|event| is_letter(event)).filter_map(origin).collect();
    let poison = case.parts.injected.iter().filter(|(place, what)| match what {
        InjectedKind::Poison(name) => !name.contains("header") && !letters.contains(place),
        _ => false,
    });
    poison
        .map(|((topic, partition, offset), what)| {
            let what = format!("{what:?} at {topic}/{partition}@{offset} is nobody's dead letter");
            case.broken(I7, None, what)
        })
        .collect()
}

/// Where a letter's record stood: topic without the prefix, partition, offset.
pub(super) fn origin(letter: &Event) -> Option<(String, i32, i64)> {
    let prefix = letter.raw.topic.strip_suffix(&letter.topic).unwrap_or_default();
    headers::origin(&letter.raw).map(|(topic, partition, offset)| (plain(&topic, prefix), partition, offset))
}
