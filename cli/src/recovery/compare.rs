//! One key in Redis against the same key as the log has it.

use std::collections::BTreeSet;

use orderflow::state::rebuild::{Beyond, What};
use serde::Serialize;

use super::values::{Entries, shown};

/// Keys that the runtime keeps for itself: they do not follow from the log, or only say where to look.
const OF_THE_RUNTIME: [Beyond; 8] = [
    Beyond { keys: "applied", what: What::All },
    Beyond { keys: "cluster", what: What::All },
    Beyond { keys: "layout", what: What::All },
    Beyond { keys: "block:", what: What::All },
    Beyond { keys: "waits:", what: What::All },
    Beyond { keys: "blocked", what: What::All },
    Beyond { keys: "drains:", what: What::All },
    Beyond { keys: "settled:", what: What::All },
];

/// Seconds: a key that ends within this time may be there or not.
const ABOUT_TO_END: i64 = 2 * 3_600;

/// Something that Redis has otherwise than the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// The key, below the service's generation.
    pub key: String,
    /// The field of a hash, or the member of a set; nothing for a whole key.
    pub field: Option<String>,
    /// What Redis says; nothing where it has none.
    pub redis: Option<String>,
    /// What the log says; nothing where it tells of none.
    pub log: Option<String>,
}

/// What of a service's keys does not follow from the log.
#[derive(Debug, Clone)]
pub struct Rules(Vec<Beyond>);

impl Rules {
    /// Those of a service, and those of all.
    pub fn of(service: &[Beyond]) -> Self {
        Self(OF_THE_RUNTIME.iter().chain(service).copied().collect())
    }

    /// Whether a key is passed over.
    pub fn pass_over(&self, key: &[u8]) -> bool {
        self.on(key).any(|what| what == What::All)
    }

    /// Whether the two agree. `life` is what is left of the key where only one of them has it.
    pub fn agree(&self, key: &[u8], redis: &Entries, log: &Entries, life: i64) -> bool {
        let is_alone = redis.is_empty() != log.is_empty();
        if is_alone && (0..ABOUT_TO_END).contains(&life) {
            return true;
        }
        self.differences(key, redis, log).is_empty()
    }

    /// In what they differ.
    pub fn differences(&self, key: &[u8], redis: &Entries, log: &Entries) -> Vec<Difference> {
        if log.is_empty() && self.on(key).any(|what| what == What::Surplus) {
            return Vec::new();
        }
        let named = String::from_utf8_lossy(key).into_owned();
        let names: BTreeSet<&Vec<u8>> = redis.keys().chain(log.keys()).collect();
        let mut differences = Vec::new();
        for name in names.into_iter().filter(|name| !self.is_beyond(key, name)) {
            let (here, there) = (redis.get(name), log.get(name));
            if self.is_same(key, name, here, there) {
                continue;
            }
            differences.push(Difference {
                key: named.clone(),
                field: (!name.is_empty()).then(|| shown(name)),
                redis: here.map(|value| shown(value)),
                log: there.map(|value| shown(value)),
            });
        }
        differences
    }

    fn is_same(&self, key: &[u8], field: &[u8], redis: Option<&Vec<u8>>, log: Option<&Vec<u8>>) -> bool {
        match (redis, log) {
            (Some(redis), Some(log)) => {
                redis == log
                    || self.on(key).any(|what| match what {
                        What::FirstWord => rest(redis) == rest(log),
                        What::Member(name, member) if name.as_bytes() == field => {
                            without(redis, member) == without(log, member)
                        }
                        _ => false,
                    })
            }
            // A counter that has never counted is zero.
            (Some(one), None) | (None, Some(one)) => one == b"0",
            (None, None) => true,
        }
    }

    fn is_beyond(&self, key: &[u8], field: &[u8]) -> bool {
        self.on(key).any(|what| matches!(what, What::Field(name) if name.as_bytes() == field))
    }

    fn on(&self, key: &[u8]) -> impl Iterator<Item = What> {
        self.0.iter().filter(move |one| key.starts_with(one.keys.as_bytes())).map(|one| one.what)
    }
}

/// What comes behind the first word.
fn rest(value: &[u8]) -> &[u8] {
    value.iter().position(|byte| *byte == b' ').map_or(value, |space| &value[space..])
}

/// A JSON object without one of its members; the text itself when it is none.
fn without(value: &[u8], member: &str) -> serde_json::Value {
    match serde_json::from_slice(value) {
        Ok(serde_json::Value::Object(mut members)) => {
            members.remove(member);
            members.into()
        }
        _ => String::from_utf8_lossy(value).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(entries: &[(&str, &str)]) -> Entries {
        entries.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
    }

    fn rules() -> Rules {
        Rules::of(&[
            Beyond { keys: "events:", what: What::FirstWord },
            Beyond { keys: "event:", what: What::Field("history") },
            Beyond { keys: "event:", what: What::Member("decision", "shadow") },
            Beyond { keys: "idem:", what: What::Surplus },
        ])
    }

    #[test]
    fn a_field_that_is_another_one_is_named_with_both_words() {
        let (redis, log) = (
            entries(&[("on_hand", "7"), ("reserved", "1")]),
            entries(&[("on_hand", "8"), ("reserved", "1")]),
        );
        let found = rules().differences(b"stock:A", &redis, &log);
        let expected = Difference {
            key: "stock:A".to_owned(),
            field: Some("on_hand".to_owned()),
            redis: Some("7".to_owned()),
            log: Some("8".to_owned()),
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn a_counter_that_is_not_there_is_zero() {
        let (redis, log) = (entries(&[("on_hand", "7"), ("reserved", "0")]), entries(&[("on_hand", "7")]));
        assert!(rules().agree(b"stock:A", &redis, &log, -1));
        assert!(!rules().agree(b"stock:A", &entries(&[("on_hand", "7"), ("reserved", "2")]), &log, -1));
    }

    #[test]
    fn a_key_that_only_one_has_is_a_difference_unless_it_is_about_to_end() {
        let some = entries(&[("", "paid")]);
        assert!(!rules().agree(b"order:1", &some, &Entries::new(), 86_400));
        assert!(!rules().agree(b"order:1", &Entries::new(), &some, -1));
        assert!(rules().agree(b"order:1", &Entries::new(), &some, 3_600));
    }

    #[test]
    fn what_does_not_follow_from_the_log_is_passed_over_and_no_more() {
        let rules = rules();
        assert!(rules.pass_over(b"applied") && rules.pass_over(b"waits:1") && !rules.pass_over(b"order:1"));
        let history = entries(&[("history", "1 2 3")]);
        assert!(rules.agree(b"event:1", &history, &Entries::new(), -1));
        assert!(!rules.agree(b"event:1", &history, &entries(&[("decision", "{}")]), -1));
        let decision = |text| entries(&[("decision", text)]);
        assert!(rules.agree(b"event:1", &decision(r#"{"a":1,"shadow":{}}"#), &decision(r#"{"a":1}"#), -1));
        assert!(!rules.agree(b"event:1", &decision(r#"{"a":1,"shadow":{}}"#), &decision(r#"{"a":2}"#), -1));
        assert!(rules.agree(b"events:1", &entries(&[("e", "3 {}")]), &entries(&[("e", "1 {}")]), -1));
        assert!(!rules.agree(b"events:1", &entries(&[("e", "3 {}")]), &entries(&[("e", "3 []")]), -1));
        assert!(rules.agree(b"idem:1", &history, &Entries::new(), -1));
        assert!(!rules.agree(b"idem:1", &Entries::new(), &history, -1));
    }
}
