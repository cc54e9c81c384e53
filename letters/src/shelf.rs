//! A group's dead letters, and what has become of them: as its journal says, and the topic of those that are parked.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, Result, bail};
use orderflow::{
    runtime::waiting::{journal::Note, parked::Parking},
    topics::{GroupTopics, Names},
};
use rdkafka::{Message, message::OwnedMessage};
use uuid::Uuid;

use crate::{Access, Letter, Refusal, Spot, Standing, Which, letter::event_id, reading::read_topic};

/// Every dead letter of a group, oldest first.
///
/// # Errors
/// When there is no such group, or the broker does not answer.
pub async fn letters(access: &Access, group: &str) -> Result<Vec<Letter>> {
    let topics = GroupTopics::of(group).with_context(|| format!("{group} has no group"))?;
    let (config, names) = (&access.config, &access.names);
    // In this order, so that a letter is never behind what is said about it.
    let dead = read_topic(config, names, topics.dead_letters).await?;
    let parked = read_topic(config, names, topics.parked).await?;
    let journal = read_topic(config, names, topics.waiting).await?;
    let mut found = BTreeMap::new();
    for raw in dead {
        let spot = Spot { partition: raw.partition(), offset: raw.offset() };
        found.insert(spot, Letter::of(raw, spot, group, names));
    }
    let mut parkings = HashMap::new();
    for raw in parked {
        let Some(parking) = Parking::of(raw.headers()) else { continue };
        let spot = Spot { partition: parking.partition, offset: parking.offset };
        // The dead-letter topic may have lost it meanwhile.
        found.entry(spot).or_insert_with(|| Letter::of(raw, spot, group, names));
        parkings.insert(spot, parking);
    }
    let mut found: Vec<Letter> = found.into_values().collect();
    stand(&mut found, &parkings, &Journal::of(&journal, names));
    Ok(found)
}

/// What a group's journal says.
#[derive(Default)]
struct Journal {
    settled: HashSet<Uuid>,
    discarded: HashSet<Uuid>,
    /// Who has come to wait, by key.
    waiting: HashMap<Vec<u8>, HashSet<Uuid>>,
}

impl Journal {
    fn of(records: &[OwnedMessage], names: &Names) -> Self {
        let mut journal = Self::default();
        for record in records {
            match Note::of(record.headers()) {
                Note::Buried(_) => {}
                Note::Settled(id) => drop(journal.settled.insert(id)),
                Note::Discarded(id) => drop(journal.discarded.insert(id)),
                Note::Waits => {
                    let key = record.key().unwrap_or_default().to_vec();
                    journal.waiting.entry(key).or_default().insert(event_id(record, names));
                }
            }
        }
        journal
    }

    fn is_over(&self, id: &Uuid) -> bool {
        self.settled.contains(id) || self.discarded.contains(id)
    }
}

/// Says of each letter what has become of it. Of an event that was given up again, only who parks its newest letter has
/// parked it.
fn stand(letters: &mut [Letter], parkings: &HashMap<Spot, Parking>, journal: &Journal) {
    let newest: HashMap<Uuid, Spot> = letters.iter().map(|letter| (letter.id, letter.spot)).collect();
    for letter in letters {
        let parking = newest.get(&letter.id).and_then(|spot| parkings.get(spot));
        letter.standing = match parking {
            _ if journal.settled.contains(&letter.id) => Standing::Settled,
            _ if journal.discarded.contains(&letter.id) => Standing::Discarded,
            Some(parking) => Standing::Parked(parking.clone()),
            None => Standing::Open,
        };
        let line = journal.waiting.get(letter.raw.key().unwrap_or_default());
        let open = line.into_iter().flatten().filter(|id| !journal.is_over(id) && **id != letter.id);
        letter.waiting = open.count();
    }
}

/// The letters that are named, or that `more` holds for: each event once, by its newest letter, oldest first.
///
/// # Errors
/// When a name is that of none.
pub fn chosen(found: Vec<Letter>, named: &[Which], more: impl Fn(&Letter) -> bool) -> Result<Vec<Letter>> {
    if let Some(missing) = named.iter().find(|which| !found.iter().any(|letter| which.names(letter))) {
        bail!(Refusal::Unknown(format!("there is no dead letter {missing}")));
    }
    let is_asked = |letter: &&Letter| more(letter) || named.iter().any(|which| which.names(letter));
    let asked: HashSet<Uuid> = found.iter().filter(is_asked).map(|letter| letter.id).collect();
    let asked = found.into_iter().filter(|letter| asked.contains(&letter.id));
    let newest: BTreeMap<Uuid, Letter> = asked.map(|letter| (letter.id, letter)).collect();
    let mut chosen: Vec<Letter> = newest.into_values().collect();
    chosen.sort_by_key(|letter| letter.spot);
    Ok(chosen)
}

/// The letter of that name; of an event its newest.
///
/// # Errors
/// When there is none.
pub fn one(found: Vec<Letter>, which: Which) -> Result<Letter> {
    let letter = match which {
        Which::At(spot) => found.into_iter().find(|letter| letter.spot == spot),
        Which::Event(_) => chosen(found, &[which], |_| false)?.pop(),
    };
    letter.with_context(|| Refusal::Unknown(format!("there is no dead letter {which}")))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rdkafka::message::{Header, OwnedHeaders};

    use super::*;

    fn letter(offset: i64, event: u128) -> Letter {
        let id = Uuid::from_u128(event).to_string();
        let headers = OwnedHeaders::new().insert(Header { key: "ce_id", value: Some(&id) });
        let (topic, time) = ("payment.dlq".to_owned(), rdkafka::Timestamp::NotAvailable);
        let raw = OwnedMessage::new(None, Some(b"key".to_vec()), topic, time, 0, offset, Some(headers));
        Letter::of(raw, Spot { partition: 0, offset }, "payment", &Names::default())
    }

    fn parking(offset: i64) -> (Spot, Parking) {
        let (by, reason, at) = ("ada".to_owned(), "later".to_owned(), Timestamp::UNIX_EPOCH);
        (Spot { partition: 0, offset }, Parking { partition: 0, offset, by, reason, at })
    }

    /// Of letters at offsets from 0 on, about these events.
    fn standings(events: &[u128], parked: &[i64], settled: &[u128]) -> String {
        let mut letters: Vec<Letter> =
            (0..).zip(events).map(|(offset, event)| letter(offset, *event)).collect();
        let settled = settled.iter().map(|id| Uuid::from_u128(*id)).collect();
        let journal = Journal { settled, ..Journal::default() };
        stand(&mut letters, &parked.iter().map(|offset| parking(*offset)).collect(), &journal);
        let short = |letter: &Letter| match letter.standing {
            Standing::Open => 'o',
            Standing::Parked(_) => 'p',
            Standing::Settled => 's',
            Standing::Discarded => 'd',
        };
        letters.iter().map(short).collect()
    }

    #[test]
    fn a_letter_is_parked_until_it_is_settled_or_given_up_again() {
        assert_eq!(standings(&[1, 2, 3], &[1], &[3]), "ops");
        assert_eq!(standings(&[1], &[0], &[1]), "s", "settled after it was parked");
        assert_eq!(standings(&[1, 1], &[0], &[]), "oo", "taken up again, and given up again");
        assert_eq!(standings(&[1, 1], &[0, 1], &[]), "pp", "and parked again: none of the two is open");
    }

    #[test]
    fn an_event_is_chosen_once_by_its_newest_letter() {
        let found = || vec![letter(0, 1), letter(1, 2), letter(2, 1)];
        let spots = |named: &[Which]| -> Vec<i64> {
            chosen(found(), named, |_| false).unwrap().iter().map(|letter| letter.spot.offset).collect()
        };
        let first = Which::At(Spot { partition: 0, offset: 0 });
        assert_eq!(spots(&[first, Which::Event(Uuid::from_u128(1))]), [2]);
        assert_eq!(spots(&[Which::Event(Uuid::from_u128(2)), first]), [1, 2]);
        let unknown = chosen(found(), &[Which::Event(Uuid::from_u128(9))], |_| false).unwrap_err();
        assert!(unknown.to_string().starts_with("there is no dead letter of event"), "{unknown}");
    }
}
