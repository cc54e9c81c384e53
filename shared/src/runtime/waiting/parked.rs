//! Dead letters that an operator has given up for now: `<group>.parked` holds them as they are, with who, when and why
//! behind their own headers. For the group nothing changes: the letter goes on blocking its key until it is handled
//! again.

use jiff::Timestamp;
use rdkafka::message::{Header, Headers, OwnedHeaders};

use crate::runtime::original::last;

/// Where the letter stands on the dead-letter topic: `PARTITION:OFFSET`.
const LETTER: &str = "orderflow-parked-letter";
/// Who has parked it.
const BY: &str = "orderflow-parked-by";
/// Why.
const REASON: &str = "orderflow-parked-reason";
/// When, as RFC 3339.
const AT: &str = "orderflow-parked-at";

/// Who has parked a dead letter, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parking {
    /// The letter's partition on the dead-letter topic.
    pub partition: i32,
    /// The letter's offset there.
    pub offset: i64,
    /// The operator.
    pub by: String,
    /// In the operator's words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Parking {
    /// What a parked letter's headers say.
    pub fn of<H: Headers>(headers: Option<&H>) -> Option<Self> {
        let headers = headers?;
        let text = |name| std::str::from_utf8(last(headers, name)?).ok();
        let (partition, offset) = text(LETTER)?.split_once(':')?;
        Some(Self {
            partition: partition.parse().ok()?,
            offset: offset.parse().ok()?,
            by: text(BY)?.to_owned(),
            reason: text(REASON)?.to_owned(),
            at: text(AT)?.parse().ok()?,
        })
    }

    /// A dead letter's headers with this behind them.
    #[must_use]
    pub fn stamp(&self, headers: OwnedHeaders) -> OwnedHeaders {
        let (letter, at) = (format!("{}:{}", self.partition, self.offset), self.at.to_string());
        let all = [(LETTER, letter.as_str()), (BY, &self.by), (REASON, &self.reason), (AT, &at)];
        all.into_iter()
            .fold(headers, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_parked_a_letter_comes_back_from_its_headers() {
        let parking = Parking {
            partition: 0,
            offset: 42,
            by: "ada".to_owned(),
            reason: "the gateway's people look at it".to_owned(),
            at: Timestamp::from_microsecond(1_700_000_000_000_001).unwrap(),
        };
        let own = OwnedHeaders::new().insert(Header { key: "ce_id", value: Some("x") });
        assert_eq!(Parking::of(Some(&own)), None);
        let stamped = parking.stamp(own);
        assert_eq!(Parking::of(Some(&stamped)), Some(parking));
        assert_eq!(stamped.get(0).key, "ce_id");
    }
}
