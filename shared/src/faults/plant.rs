//! Bugs that can be planted, to prove that the checker of the fault matrix finds them. Each stands at one place in the
//! code, as `if planted(Plant::…)`, and in the table of `docs/reliability.md`.

use clap::ValueEnum;

/// The variable that names the bug of a process.
pub const VARIABLE: &str = "ORDERFLOW_PLANT";

/// A bug. By the names of [`ValueEnum`], such as `no-seek-after-abort`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Plant {
    /// After a batch was taken back the consumer goes on behind it.
    NoSeekAfterAbort,
    /// Offsets are committed beside the transaction, which so names no member of the group.
    NoFencing,
    /// Offsets are committed before anything is produced.
    CommitBeforeFlush,
    /// A repeat of an order to be reserved counts as done, and gets no answer.
    DedupeBeforeWork,
    /// A repeat of a release frees the units once more.
    ReleaseTwice,
    /// A refund is told, and never asked for at the gateway.
    RefundLost,
    /// Records that were not delivered count as delivered.
    IgnoredDeliveryErrors,
    /// An event has another id each time it is made.
    RandomEventId,
    /// Records that were gathered before a rebalance are handled after it.
    StaleEpoch,
    /// A cancel ends a payment while it is charged.
    CancelRace,
    /// A dead letter has none of its record's headers.
    LostHeader,
    /// What cannot be handled is skipped.
    SwallowedPoison,
    /// Inputs are read before they are committed.
    ReadUncommitted,
    /// Nobody notices that Redis has forgotten something.
    ForgottenState,
    /// What comes behind a dead letter of its order does not wait.
    Overtaking,
    /// An order counts as accepted although Kafka has not taken it.
    UnackedAnswer,
    /// A repeat under the same idempotency key is handled anew.
    ForgottenKey,
}

#[cfg(feature = "faults")]
mod sown {
    use std::sync::LazyLock;

    use anyhow::anyhow;

    use super::{Plant, VARIABLE, ValueEnum};

    static PLANTED: LazyLock<Result<Option<Plant>, String>> =
        LazyLock::new(|| match std::env::var(VARIABLE) {
            Ok(name) => read(&name).map(Some),
            Err(_) => Ok(None),
        });

    /// Whether this process has this bug.
    pub fn planted(plant: Plant) -> bool {
        *PLANTED == Ok(Some(plant))
    }

    /// Says which bug this process has.
    ///
    /// # Errors
    /// When the variable names none there is.
    pub fn announce() -> anyhow::Result<()> {
        match &*PLANTED {
            Ok(None) => {}
            Ok(Some(plant)) => tracing::warn!(?plant, "a bug is planted"),
            Err(why) => return Err(anyhow!("{VARIABLE}: {why}")),
        }
        Ok(())
    }

    fn read(name: &str) -> Result<Plant, String> {
        Plant::from_str(name, false)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_bug_has_the_name_it_is_listed_under_and_no_other_is_taken() {
            assert_eq!(read("no-seek-after-abort"), Ok(Plant::NoSeekAfterAbort));
            for wrong in ["", "NoSeekAfterAbort", "no-such-bug"] {
                assert!(read(wrong).is_err(), "{wrong}");
            }
        }

        #[test]
        fn nothing_is_planted_unasked() {
            assert!(Plant::value_variants().iter().all(|plant| !planted(*plant)));
        }
    }
}

#[cfg(feature = "faults")]
pub use sown::{announce, planted};

/// Never: this build has none of these bugs.
#[cfg(not(feature = "faults"))]
#[inline]
pub const fn planted(_: Plant) -> bool {
    false
}

/// This build has none of these bugs.
///
/// # Errors
/// None.
#[cfg(not(feature = "faults"))]
pub fn announce() -> anyhow::Result<()> {
    Ok(())
}
