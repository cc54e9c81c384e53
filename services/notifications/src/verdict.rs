//! What becomes of a notification after an attempt. Pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What an endpoint or a mail server has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has taken it.
    Taken {
        /// The HTTP status; 0 of a mail server.
        status: i32,
    },
    /// It does not exist any more (HTTP 410).
    Gone,
    /// It will never be taken; the endpoint is not to blame.
    Refused(&'static str),
    /// It was not taken; it may be later.
    NotNow {
        /// The HTTP status; 0 when there was no answer.
        status: i32,
        /// For how long it wants to be left alone.
        after: Option<Duration>,
    },
    /// It could not be tried: this instance does not know enough yet.
    Untried(Duration),
}

/// What becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was told.
    Delivered {
        /// The HTTP status; 0 of a mail server.
        status: i32,
    },
    /// It is given up.
    Failed {
        /// Why.
        reason: &'static str,
        /// The last HTTP status; 0 when there was none.
        status: i32,
        /// The revision of the subscription that is given up with it.
        disables: Option<i64>,
    },
    /// It has failed, and is tried again then.
    Later(Timestamp),
    /// It was not tried, and is then.
    Again(Timestamp),
}

/// How long to wait after each failure; after the last one it is given up.
#[derive(Debug, Clone)]
pub struct Schedule(pub Vec<Duration>);

/// For how long an endpoint may ask to be left alone.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Schedule {
    /// What becomes of a notification that has this answer after so many failures in a row. `revision`: of the subscription
    /// that is given up with its endpoint; nothing where one notification fails by itself.
    #[must_use]
    pub fn judge(&self, answer: &Answer, failed: u32, revision: Option<i64>, now: Timestamp) -> Verdict {
        match answer {
            Answer::Taken { status } => Verdict::Delivered { status: *status },
            Answer::Gone => Verdict::Failed { reason: "gone", status: 410, disables: revision },
            Answer::Refused(reason) => Verdict::Failed { reason, status: 0, disables: None },
            Answer::Untried(wait) => Verdict::Again(later(now, *wait)),
            Answer::NotNow { status, after } => match self.0.get(failed as usize) {
                Some(wait) => Verdict::Later(later(now, (*wait).max(after.unwrap_or_default().min(LONGEST)))),
                None => Verdict::Failed { reason: "exhausted", status: *status, disables: revision },
            },
        }
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const DOWN: Answer = Answer::NotNow { status: 500, after: None };

    fn after(seconds: u64) -> Answer {
        Answer::NotNow { status: 503, after: Some(Duration::from_secs(seconds)) }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000 + seconds).unwrap()
    }

    const EXHAUSTED: Verdict = Verdict::Failed { reason: "exhausted", status: 500, disables: Some(3) };

    #[rstest]
    #[case::first(DOWN, 0, Verdict::Later(at(5)))]
    #[case::last(DOWN, 1, Verdict::Later(at(300)))]
    #[case::exhausted(DOWN, 2, EXHAUSTED)]
    #[case::asked(after(60), 0, Verdict::Later(at(60)))]
    #[case::asked_for_less(after(60), 1, Verdict::Later(at(300)))]
    #[case::asked_for_ever(after(u64::MAX), 0, Verdict::Later(at(24 * 3600)))]
    #[case::gone(Answer::Gone, 0, Verdict::Failed { reason: "gone", status: 410, disables: Some(3) })]
    #[case::refused(Answer::Refused("erased"), 9, Verdict::Failed { reason: "erased", status: 0, disables: None })]
    #[case::untried(Answer::Untried(Duration::from_secs(1)), 9, Verdict::Again(at(1)))]
    #[case::taken(Answer::Taken { status: 204 }, 1, Verdict::Delivered { status: 204 })]
    fn an_endpoint_is_given_up_only_by_the_schedule_or_its_own_word(
        #[case] answer: Answer,
        #[case] failed: u32,
        #[case] expected: Verdict,
    ) {
        let schedule = Schedule(vec![Duration::from_secs(5), Duration::from_secs(300)]);
        assert_eq!(schedule.judge(&answer, failed, Some(3), at(0)), expected);
    }
}
