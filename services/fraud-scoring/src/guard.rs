//! Runs a version of the model under a breaker: one that fails is left alone for a while, and orders do not wait for it.

use std::time::Duration;

use orderflow::{
    breaker::{Breaker, Dependency},
    fault::Fault,
    faults,
    telemetry::{self, Kind, names},
};
use tracing::warn;

use crate::{
    model::{Run, Version},
    scorer::Seen,
};

/// The code of the faults that say that the breaker is open.
const REFUSAL: &str = "model_breaker_open";
/// No score from 0 to 1 of every order.
const FAILED: &str = "model_failed";
/// Scores, but late ones.
const SLOW: &str = "model_slow";

/// The breaker of the version that decides, by itself.
pub const LIVE: Dependency = Dependency { name: "fraud-model", refusal: REFUSAL, outages: &[FAILED, SLOW] };
/// That of the version that is tried: its failures must not stop the other.
pub const CANDIDATE: Dependency =
    Dependency { name: "fraud-candidate", refusal: REFUSAL, outages: &[FAILED, SLOW] };

/// That of the version that decides instead of the live one.
pub const PREVIOUS: Dependency =
    Dependency { name: "fraud-previous", refusal: REFUSAL, outages: &[FAILED, SLOW] };

/// Why there are no scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The run failed.
    Failed,
    /// Nothing was run: the breaker is open.
    LeftAlone,
}

/// How versions in one role are run.
#[derive(Clone)]
pub struct Guard {
    breaker: Breaker,
    /// A run that takes longer counts as a failure; its scores are taken all the same.
    limit: Duration,
}

impl Guard {
    /// Under this breaker, with this limit for a run.
    #[must_use]
    pub fn new(breaker: Breaker, limit: Duration) -> Self {
        Self { breaker, limit }
    }

    /// Scores a batch in one run, if the breaker lets it.
    ///
    /// # Errors
    /// When there is no score for any order.
    pub fn run(&self, version: &Version, batch: &[&Seen]) -> Result<Run, Why> {
        let mut scored = None;
        let shown = self.breaker.call_now(|| {
            if faults::refuses(|| [version.name.as_bytes(); 2]) {
                return Err(Fault::transient(FAILED, "a test has asked for it"));
            }
            let mut span = telemetry::begin(Kind::Internal, "score", None);
            span.set(names::MODEL_VERSION, version.name.clone());
            span.set(names::MODEL_ORDERS, i64::try_from(batch.len()).unwrap_or(i64::MAX));
            let run = version.score(batch);
            span.end(run.is_err().then_some(FAILED));
            let run = run.map_err(|error| Fault::transient(FAILED, error.to_string()))?;
            let late = run.took > self.limit;
            let took = run.took;
            scored = Some(run);
            if late { Err(Fault::transient(SLOW, format!("a run took {took:?}"))) } else { Ok(()) }
        });
        match (scored, shown) {
            (Some(run), Ok(())) => Ok(run),
            (Some(run), Err(fault)) => {
                warn!(code = fault.code(), %fault, version = version.name, orders = batch.len(), "a model is slow");
                Ok(run)
            }
            // It has told when it opened.
            (None, Err(fault)) if fault.code() == REFUSAL => Err(Why::LeftAlone),
            (None, shown) => {
                let why = shown.err().map(|fault| fault.to_string()).unwrap_or_default();
                warn!(
                    code = FAILED,
                    why,
                    version = version.name,
                    orders = batch.len(),
                    "a model does not score"
                );
                Err(Why::Failed)
            }
        }
    }

    /// Another version has taken the role: what the one before has shown says nothing of it.
    pub fn replaced(&self) {
        self.breaker.reset("replaced");
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::SignedDuration;
    use orderflow::{breaker::Policy, clock::Clock, health::Health};

    use super::*;
    use crate::model::tests::{Parrot, seen, version};

    /// A guard whose clock a test moves.
    pub fn guard(clock: &Clock, limit: Duration) -> Guard {
        Guard::new(Breaker::new(LIVE, Policy::default(), clock.clone(), Health::default(), |_| {}), limit)
    }

    #[test]
    fn a_model_that_fails_is_left_alone_and_comes_back_by_itself() {
        let (clock, parrot) = (Clock::system(), Parrot::new(Err(())));
        let (guard, version, order) = (guard(&clock, Duration::MAX), version("7", &parrot), seen("a"));
        let run = || guard.run(&version, &[&order]).map(|run| run.scores.len());
        for _ in 0..5 {
            assert_eq!(run(), Err(Why::Failed));
        }
        assert_eq!((run(), parrot.runs()), (Err(Why::LeftAlone), 5));
        parrot.learn(Ok(0.1));
        assert_eq!(run(), Err(Why::LeftAlone));
        clock.set_offset(SignedDuration::from_secs(3));
        // Two probes, and it is closed: calls go through at once.
        assert_eq!((run(), run(), run()), (Ok(1), Ok(1), Ok(1)));
    }

    #[test]
    fn a_slow_run_counts_as_a_failure_and_its_scores_as_scores() {
        let (clock, parrot) = (Clock::system(), Parrot::new(Ok(0.1)));
        let (guard, version, order) = (guard(&clock, Duration::ZERO), version("7", &parrot), seen("a"));
        for _ in 0..5 {
            assert!(guard.run(&version, &[&order]).is_ok());
        }
        assert_eq!(guard.run(&version, &[&order]).err(), Some(Why::LeftAlone));
    }

    #[test]
    fn a_version_does_not_pay_for_the_one_before_it() {
        let (clock, parrot) = (Clock::system(), Parrot::new(Err(())));
        let (guard, order) = (guard(&clock, Duration::MAX), seen("a"));
        while guard.run(&version("7", &parrot), &[&order]).err() != Some(Why::LeftAlone) {}
        guard.replaced();
        parrot.learn(Ok(0.1));
        assert!(guard.run(&version("8", &parrot), &[&order]).is_ok());
    }
}
