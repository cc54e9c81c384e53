//! What the fault switches do to one request.

use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::faults::FaultSettings;
use crate::reply::Refusal;

/// So much longer takes what a bank or a depot decides.
const OUTSIDE: u32 = 5;

/// A seeded source of draws: the n-th request of a run meets the same fate in every run.
#[derive(Debug)]
pub struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// The same seed gives the same draws.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Every request takes the same number of draws, whatever is switched on, so that turning one
    /// rate up does not move the others.
    pub fn throw(&mut self, settings: &impl FaultSettings) -> Fate {
        let [slow, wait, error, throttle, decline, withhold, forget, ask, wrong]: [f64; 9] = self.0.random();
        let faults = settings.common();
        let is_slow = faults.slow_rate.hits(slow);
        let spread = if is_slow { faults.slow_ms } else { faults.latency_ms };
        let latency = Duration::from_secs_f64(spread.at(wait) / 1_000.0);
        Fate {
            latency,
            at_home: if is_slow { latency } else { latency / OUTSIDE },
            failure: if faults.error_rate.hits(error) {
                Some(Refusal::Failing)
            } else if faults.throttle_rate.hits(throttle) {
                Some(Refusal::Throttled)
            } else {
                None
            },
            declined: settings.decline_rate().hits(decline),
            asked: settings.ask_rate().hits(ask),
            mistaken: settings.wrong_amount_rate().hits(wrong),
            withheld: settings.withheld_rate().hits(withhold),
            forgets_key: faults.forget_key_rate.hits(forget),
            hold: Duration::from_millis(faults.hold_ms.into()),
        }
    }
}

/// What happens to one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Fate {
    /// How long it takes when a bank or a depot is asked.
    pub latency: Duration,
    /// How long it takes when nobody else is asked.
    pub at_home: Duration,
    /// Refused before anything is done.
    pub failure: Option<Refusal>,
    /// Refused as a business outcome, if it is an effect.
    pub declined: bool,
    /// The customer is asked first, if it is an effect.
    pub asked: bool,
    /// Made for another amount, if it is an effect.
    pub mistaken: bool,
    /// Done and recorded, then not answered, if it is an effect.
    pub withheld: bool,
    /// Its key is taken for new.
    pub forgets_key: bool,
    /// How long a withheld answer holds the connection.
    pub hold: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::changed;
    use crate::gateway::GatewayFaults;
    use serde_json::json;

    fn settings(changes: &serde_json::Value) -> GatewayFaults {
        changed(&GatewayFaults::default(), changes.as_object().unwrap()).unwrap()
    }

    fn fates(seed: u64, settings: &GatewayFaults) -> Vec<Fate> {
        let mut dice = Dice::new(seed);
        (0..2_000).map(|_| dice.throw(settings)).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_fates() {
        let settings = settings(&json!({"decline_rate": 0.3, "error_rate": 0.2, "slow_rate": 0.1}));
        assert_eq!(fates(7, &settings), fates(7, &settings));
        assert_ne!(fates(7, &settings), fates(8, &settings));
    }

    #[test]
    fn turning_one_rate_up_does_not_move_the_others() {
        let few = fates(1, &settings(&json!({"decline_rate": 0.1})));
        let many = fates(1, &settings(&json!({"decline_rate": 0.1, "error_rate": 0.5})));
        assert!(few.iter().zip(&many).all(|(a, b)| a.declined == b.declined && a.latency == b.latency));
        assert!(many.iter().any(|fate| fate.failure.is_some()));
    }

    #[test]
    fn rates_are_kept_over_many_requests() {
        let fates = fates(1, &settings(&json!({"decline_rate": 0.25})));
        let declined = fates.iter().filter(|fate| fate.declined).count();
        assert!((400..600).contains(&declined), "{declined} of 2000");
        assert!(fates.iter().all(|fate| (5..=20).contains(&fate.latency.as_millis())));
    }

    #[test]
    fn every_wrong_setting_is_named_and_nothing_changes() {
        let bad =
            json!({"decline_rate": 1.5, "latency": 3, "latency_ms": {"min": 9, "max": 1}, "error_rate": 0.1});
        let bad = changed(&GatewayFaults::default(), bad.as_object().unwrap()).unwrap_err();
        let names: Vec<_> = bad.iter().map(|bad| bad.field.as_str()).collect();
        assert_eq!(names, ["decline_rate", "latency", "latency_ms"]);
        assert_eq!(bad[0].message, "a rate is from 0 to 1, not 1.5");
    }
}
