//! Which dead letters are meant: by group, topic, code, age, order, and by what stands in them.

use std::{cmp::Ordering, time::Duration};

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use serde_json::Value;

use crate::{Letter, values::Values};

/// What must hold for a letter; whatever is not said holds for all.
#[derive(Debug, Clone, Default, Args)]
pub struct Filter {
    /// Whose event first stood on this topic, such as `payments`.
    #[arg(long)]
    pub topic: Option<String>,
    /// With this error code, such as `gateway_rejects_request`.
    #[arg(long)]
    pub code: Option<String>,
    /// Of this record type, such as `InventoryReserved`.
    #[arg(long)]
    pub record: Option<String>,
    /// With this key: an order's id, on topics that are keyed by it.
    #[arg(long, visible_alias = "order", value_name = "KEY")]
    pub key: Option<String>,
    /// Given up at least this long ago: 90s, 30m, 12h, 7d.
    #[arg(long, value_parser = age, value_name = "AGE")]
    pub older: Option<Duration>,
    /// Given up at most this long ago.
    #[arg(long, value_parser = age, value_name = "AGE")]
    pub newer: Option<Duration>,
    /// With this text in key, event id, code, message, headers or decoded value, in either case.
    #[arg(long)]
    pub text: Option<String>,
    /// Whose decoded value says so: PATH=VALUE, with = != < <= > >=, such as order.currency=EUR. May be repeated: all
    /// must hold. Secret and sealed fields have no value here.
    #[arg(long = "where", value_parser = Condition::parse, value_name = "PATH=VALUE")]
    pub conditions: Vec<Condition>,
}

impl Filter {
    /// Those of the letters that it holds for.
    ///
    /// # Errors
    /// When their values are asked for and the registry does not answer.
    pub async fn of(&self, found: Vec<Letter>, values: &mut Values, now: Timestamp) -> Result<Vec<Letter>> {
        let mut kept = Vec::new();
        for letter in found {
            if self.holds(&letter, now) && self.holds_inside(&letter, values).await? {
                kept.push(letter);
            }
        }
        Ok(kept)
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { topic, code, record, key, older, newer, text, conditions } = self;
        [topic, code, record, key, text].iter().all(|one| one.is_none())
            && older.is_none()
            && newer.is_none()
            && conditions.is_empty()
    }

    fn holds(&self, letter: &Letter, now: Timestamp) -> bool {
        let is = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        let age = now.duration_since(letter.time);
        let age = Duration::try_from(age).unwrap_or_default();
        is(&self.topic, letter.topic())
            && is(&self.code, &letter.code)
            && is(&self.record, &letter.record)
            && is(&self.key, &letter.key_text())
            && self.older.is_none_or(|older| age >= older)
            && self.newer.is_none_or(|newer| age <= newer)
    }

    async fn holds_inside(&self, letter: &Letter, values: &mut Values) -> Result<bool> {
        if self.text.is_none() && self.conditions.is_empty() {
            return Ok(true);
        }
        let decoded = values.decode(letter).await?.ok();
        let value = decoded.as_ref().map(|decoded| &decoded.shown);
        let says = |text: &String| said(letter, value).contains(&text.to_lowercase());
        Ok(self.text.as_ref().is_none_or(says)
            && self.conditions.iter().all(|one| value.is_some_and(|value| one.holds(value))))
    }
}

/// All that a letter says, in small letters.
fn said(letter: &Letter, value: Option<&Value>) -> String {
    let mut all = vec![letter.key_text(), letter.id.to_string(), letter.code.clone(), letter.message.clone()];
    all.extend(letter.headers().into_iter().map(|(name, value)| format!("{name}: {value}")));
    all.extend(value.map(Value::to_string));
    all.join("\n").to_lowercase()
}

/// Something a decoded value must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    path: String,
    test: Test,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Is,
    IsNot,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Longer signs first: each begins with a shorter one.
const TESTS: [(&str, Test); 6] = [
    ("!=", Test::IsNot),
    ("<=", Test::AtMost),
    (">=", Test::AtLeast),
    ("=", Test::Is),
    ("<", Test::Less),
    (">", Test::More),
];

impl Condition {
    /// Reads `PATH=VALUE`, with any of the signs.
    ///
    /// # Errors
    /// When it is none, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let first = TESTS.iter().filter_map(|(sign, test)| Some((text.find(sign)?, *sign, *test)));
        // The earliest sign counts, of those at one place the longest.
        let found = first.min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())));
        let wrong = || format!("`{text}` is not PATH=VALUE, such as order.currency=EUR");
        let (at, sign, test) = found.filter(|(at, ..)| *at > 0).ok_or_else(wrong)?;
        Ok(Self { path: text[..at].to_owned(), test, value: text[at + sign.len()..].to_owned() })
    }

    /// Whether a value says so. What it does not have is nothing, and not less or more than anything.
    #[must_use]
    pub fn holds(&self, value: &Value) -> bool {
        let found = value.pointer(&pointer(&self.path)).filter(|found| !found.is_null());
        let compared = found.and_then(|found| compare(found, &self.value));
        match self.test {
            Test::Is => compared == Some(Ordering::Equal),
            Test::IsNot => compared != Some(Ordering::Equal),
            Test::Less => compared == Some(Ordering::Less),
            Test::AtMost => compared.is_some_and(Ordering::is_le),
            Test::More => compared == Some(Ordering::Greater),
            Test::AtLeast => compared.is_some_and(Ordering::is_ge),
        }
    }
}

/// Numbers as numbers, everything else as text.
fn compare(found: &Value, wanted: &str) -> Option<Ordering> {
    match (found.as_f64(), wanted.parse::<f64>()) {
        (Some(found), Ok(wanted)) => found.partial_cmp(&wanted),
        (Some(_), Err(_)) => None,
        (None, _) => {
            let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            Some(text.as_str().cmp(wanted))
        }
    }
}

/// `order.lines.0.sku` as a JSON pointer (RFC 6901).
pub(crate) fn pointer(path: &str) -> String {
    path.split('.').map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect()
}

/// Reads an age, such as 90s, 30m, 12h or 7d.
///
/// # Errors
/// When it is none, in words.
pub fn age(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no age such as 90s, 30m, 12h or 7d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(count) * seconds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_compares_numbers_as_numbers_and_all_else_as_text() {
        let value = json!({ "order": { "total": 900, "currency": "EUR", "lines": [{ "sku": "MUG" }] }, "none": null });
        let table = [
            ("order.total>80", true),
            ("order.total<=900", true),
            ("order.total!=900", false),
            ("order.total=nine", false),
            ("order.currency=EUR", true),
            ("order.currency!=EUR", false),
            ("order.lines.0.sku=MUG", true),
            ("order.lines.1.sku!=MUG", true),
            ("order.missing=1", false),
            ("none=null", false),
        ];
        for (text, holds) in table {
            assert_eq!(Condition::parse(text).unwrap().holds(&value), holds, "{text}");
        }
        for wrong in ["", "order", "=EUR", ">5"] {
            assert!(Condition::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Condition::parse("a=b>=c").unwrap().value, "b>=c");
    }

    #[test]
    fn an_age_has_a_unit() {
        assert_eq!(age("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(age("7d"), Ok(Duration::from_secs(604_800)));
        for wrong in ["", "7", "d", "-1h", "1.5h", "1é"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
