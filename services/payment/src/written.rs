//! How states are written in Redis: words apart by one space, the first says what follows.

use jiff::Timestamp;

use crate::domain::{
    Outcome, Phase,
    refund::{Refund, Refunded},
};

/// What stands in Redis as one short text.
pub trait Written: Sized {
    /// The text.
    fn write(&self) -> String;

    /// Reads what [`Self::write`] wrote; `None` for anything else.
    fn read(text: &str) -> Option<Self>;
}

impl Written for Phase {
    fn write(&self) -> String {
        match self {
            Self::Charging { intent_id: None } => "charging".to_owned(),
            Self::Charging { intent_id: Some(intent_id) } => format!("charging {intent_id}"),
            Self::Waiting => "waiting".to_owned(),
            Self::Voiding { reason } => format!("voiding {reason}"),
            Self::Settled(Outcome::Paid { at, intent_id }) => {
                format!("paid {} {intent_id}", at.as_microsecond())
            }
            Self::Settled(Outcome::Failed { at, reason, code }) => {
                let code = code.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
                format!("failed {} {reason}{code}", at.as_microsecond())
            }
        }
    }

    fn read(text: &str) -> Option<Self> {
        Some(match words(text).as_slice() {
            ["charging"] => Self::Charging { intent_id: None },
            ["charging", intent_id] => Self::Charging { intent_id: Some((*intent_id).to_owned()) },
            ["waiting"] => Self::Waiting,
            ["voiding", reason] => Self::Voiding { reason: (*reason).to_owned() },
            ["paid", at, intent_id] => {
                Self::Settled(Outcome::Paid { at: time(at)?, intent_id: (*intent_id).to_owned() })
            }
            ["failed", at, reason, code @ ..] if code.len() < 2 => Self::Settled(Outcome::Failed {
                at: time(at)?,
                reason: (*reason).to_owned(),
                code: code.first().map(|code| (*code).to_owned()),
            }),
            _ => return None,
        })
    }
}

impl Written for Refund {
    fn write(&self) -> String {
        match self {
            Self::Refunding { reason } => format!("refunding {reason}"),
            Self::Refunded(Refunded { at, intent_id, refund_id, reason }) => {
                format!("refunded {} {reason} {intent_id} {refund_id}", at.as_microsecond())
            }
        }
    }

    fn read(text: &str) -> Option<Self> {
        Some(match words(text).as_slice() {
            ["refunding", reason] => Self::Refunding { reason: (*reason).to_owned() },
            ["refunded", at, reason, intent_id, refund_id] => Self::Refunded(Refunded {
                at: time(at)?,
                intent_id: (*intent_id).to_owned(),
                refund_id: (*refund_id).to_owned(),
                reason: (*reason).to_owned(),
            }),
            _ => return None,
        })
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

/// A time as it is written: microseconds since 1970.
pub(crate) fn time(microseconds: &str) -> Option<Timestamp> {
    Timestamp::from_microsecond(microseconds.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at() -> impl Strategy<Value = Timestamp> {
        (0i64..=253_402_207_200_000_000).prop_map(|us| Timestamp::from_microsecond(us).unwrap())
    }

    fn word() -> &'static str {
        "[a-zA-Z0-9_]{1,64}"
    }

    fn phases() -> impl Strategy<Value = Phase> {
        let code = prop::option::of(word());
        prop_oneof![
            prop::option::of(word()).prop_map(|intent_id| Phase::Charging { intent_id }),
            Just(Phase::Waiting),
            word().prop_map(|reason| Phase::Voiding { reason }),
            (at(), word()).prop_map(|(at, intent_id)| Phase::Settled(Outcome::Paid { at, intent_id })),
            (at(), word(), code).prop_map(|(at, reason, code)| Phase::Settled(Outcome::Failed {
                at,
                reason,
                code
            })),
        ]
    }

    fn refunds() -> impl Strategy<Value = Refund> {
        let refunded = |(at, intent_id, refund_id, reason)| Refunded { at, intent_id, refund_id, reason };
        prop_oneof![
            word().prop_map(|reason| Refund::Refunding { reason }),
            (at(), word(), word(), word()).prop_map(move |parts| Refund::Refunded(refunded(parts))),
        ]
    }

    proptest! {
        #[test]
        fn a_phase_is_read_as_it_was_written(phase in phases()) {
            prop_assert_eq!(Phase::read(&phase.write()), Some(phase));
        }

        #[test]
        fn a_refund_is_read_as_it_was_written(refund in refunds()) {
            prop_assert_eq!(Refund::read(&refund.write()), Some(refund));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,40}") {
            let _ = (Phase::read(&text), Refund::read(&text));
        }
    }
}
