//! How many dead letters there are of which kind, and how old the oldest is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Letter, Standing};

/// A kind of letters: of one group, from one topic, with one code.
pub type Kind = (String, &'static str, String);

/// How many there are of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Nobody has looked.
    pub open: usize,
    /// Given up for now.
    pub parked: usize,
    /// Dealt with, while the topic still has them; also given up for good.
    pub over: usize,
    /// When the oldest was given up that nobody has dealt with.
    pub oldest: Option<Timestamp>,
}

/// Counts letters by kind, each event once.
#[must_use]
pub fn stats(letters: &[Letter]) -> BTreeMap<Kind, Count> {
    // Of an event that was given up again the newest letter counts, and its first failure.
    let mut newest: BTreeMap<_, (&Letter, Timestamp)> = BTreeMap::new();
    for letter in letters {
        let first = letter.first_failed.unwrap_or(letter.time);
        let entry = newest.entry((&letter.group, letter.id)).or_insert((letter, first));
        *entry = (letter, entry.1.min(first));
    }
    let mut counts: BTreeMap<Kind, Count> = BTreeMap::new();
    for (letter, first) in newest.into_values() {
        let kind = (letter.group.clone(), letter.topic(), letter.code.clone());
        let count = counts.entry(kind).or_default();
        match letter.standing {
            Standing::Open => count.open += 1,
            Standing::Parked(_) => count.parked += 1,
            Standing::Settled | Standing::Discarded => count.over += 1,
        }
        if !letter.standing.is_over() {
            count.oldest = Some(count.oldest.map_or(first, |oldest| oldest.min(first)));
        }
    }
    counts
}

/// The same for machines.
#[must_use]
pub fn as_json(counts: &BTreeMap<Kind, Count>, now: Timestamp) -> Value {
    let row = |((group, topic, code), count): (&Kind, &Count)| {
        let age = count.oldest.map(|oldest| now.duration_since(oldest).as_secs().max(0));
        json!({ "group": group, "topic": topic, "code": code, "open": count.open, "parked": count.parked,
            "over": count.over, "oldest": count.oldest, "oldest_age_seconds": age })
    };
    counts.iter().map(row).collect()
}
