//! How the past fades: by half within each half-life, told by the events' own times.
//!
//! Forward decay (G. Cormode, V. Shkapenyuk, D. Srivastava, B. Xu: *Forward Decay: A Practical Time Decay Model for
//! Streaming Systems*, ICDE 2009): an event weighs 2^((t − L) / h) when it is learnt, with a landmark L that never moves,
//! and a sum of such weights is brought to a moment by one division. So nothing stored is ever touched for having grown
//! old, the sum does not depend on the order in which events are read, and a backlog counts as it happened.

use jiff::{SignedDuration, Timestamp};

/// The landmark L: 2026-01-01T00:00:00Z, in microseconds. Permanent: stored weights are relative to it.
const LANDMARK: i64 = 1_767_225_600_000_000;

/// Most doublings from the landmark, either way. A double holds 1,023, so sums of many weights stay finite. With the
/// shortest half-life allowed, a week, this is 17 years: until then no stored weight needs to be brought to a new landmark.
const DOUBLINGS: f64 = 900.0;

/// The shortest half-life, for [`DOUBLINGS`] to be enough.
pub const SHORTEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Weights of events by their times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decay {
    half_life: SignedDuration,
}

impl Decay {
    /// By half in each `half_life`; one shorter than [`SHORTEST`] counts as that.
    #[must_use]
    pub fn new(half_life: SignedDuration) -> Self {
        Self { half_life: half_life.max(SHORTEST) }
    }

    /// The half-life.
    #[must_use]
    pub fn half_life(self) -> SignedDuration {
        self.half_life
    }

    /// What an event of this moment weighs, and so the unit in which stored sums are read at this moment: an event of now
    /// counts as one. Above zero and finite for any time.
    #[must_use]
    pub fn weight(self, at: Timestamp) -> f64 {
        let passed = (at.as_microsecond() - LANDMARK) as f64;
        (passed / self.half_life.as_micros() as f64).clamp(-DOUBLINGS, DOUBLINGS).exp2()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn micros(us: i64) -> Timestamp {
        Timestamp::from_microsecond(us).unwrap()
    }

    #[test]
    fn an_event_counts_half_after_each_half_life() {
        let decay = Decay::new(SignedDuration::from_hours(60 * 24));
        let then = micros(LANDMARK + 5_000_000_000);
        for halves in 0..20 {
            let later = then + SignedDuration::from_hours(60 * 24 * halves);
            let counts = decay.weight(then) / decay.weight(later);
            let expected = 0.5f64.powi(i32::try_from(halves).unwrap());
            assert!((counts - expected).abs() < 1e-12 * expected, "{halves}: {counts}");
        }
    }

    proptest! {
        #[test]
        fn a_weight_is_above_zero_and_finite_at_any_time(us in -60_000_000_000_000_000i64..250_000_000_000_000_000, days in 0i64..4_000) {
            let weight = Decay::new(SignedDuration::from_hours(24 * days)).weight(micros(us));
            prop_assert!(weight.is_finite() && weight > 0.0);
            // Even a thousand million of them.
            prop_assert!((weight * 1e9).is_finite());
        }

        #[test]
        fn a_sum_does_not_depend_on_the_order_of_events(mut times in prop::collection::vec(0i64..40_000_000_000_000, 1..200)) {
            let decay = Decay::new(SignedDuration::from_hours(60 * 24));
            let sum = |times: &[i64]| times.iter().map(|us| decay.weight(micros(LANDMARK + us))).sum::<f64>();
            let (forwards, mut sorted) = (sum(&times), times.clone());
            times.reverse();
            sorted.sort_unstable();
            for other in [sum(&times), sum(&sorted)] {
                prop_assert!((other - forwards).abs() <= 1e-12 * forwards);
            }
        }
    }
}
