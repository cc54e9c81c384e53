//! The decision, as a plain function of a score and the policy.

use jiff::Timestamp;
use orderflow::events::{FraudDecision, Reason};

use crate::scorer::Score;

/// How scores become decisions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// A score above this refuses the order; 0 to 1.
    pub threshold: f64,
}

/// The decision on an order with this score. Reasons come heaviest first.
///
/// Numbers are rounded to six decimals: then the same decision comes back bit by bit from JSON and from Avro.
#[must_use]
pub fn decide(score: &Score, policy: &Policy, decided_at: Timestamp) -> FraudDecision {
    let mut reasons: Vec<Reason> = score
        .reasons
        .iter()
        .map(|reason| Reason { weight: rounded(reason.weight), ..reason.clone() })
        .collect();
    reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.code.cmp(&b.code)));
    FraudDecision {
        score: rounded(score.value.clamp(0.0, 1.0)),
        threshold: policy.threshold,
        reasons,
        scorer: score.scorer.to_string(),
        scorer_version: score.version.to_string(),
        decided_at,
    }
}

/// Whether the decision refuses the order. A function of the kept decision alone, so that a repeat under another
/// policy says what was said first.
#[must_use]
pub fn refuses(decision: &FraudDecision) -> bool {
    decision.score > decision.threshold
}

fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn score(value: f64, weights: &[f64]) -> Score {
        let reason = |&weight| Reason { code: format!("w{weight}"), text: String::new(), weight };
        Score {
            value,
            reasons: weights.iter().map(reason).collect(),
            scorer: "rules".into(),
            version: "1".into(),
        }
    }

    #[rstest]
    #[case::at_the_threshold(0.85, false)]
    #[case::just_above(0.850_001, true)]
    #[case::zero(0.0, false)]
    #[case::more_than_one_is_one(1.5, true)]
    fn only_a_score_above_the_threshold_refuses(#[case] value: f64, #[case] refused: bool) {
        let decision = decide(&score(value, &[]), &Policy { threshold: 0.85 }, Timestamp::UNIX_EPOCH);
        assert_eq!(refuses(&decision), refused);
        assert!((0.0..=1.0).contains(&decision.score));
    }

    #[test]
    fn reasons_come_heaviest_first() {
        let decision =
            decide(&score(0.5, &[0.1, 0.3, 0.2]), &Policy { threshold: 0.85 }, Timestamp::UNIX_EPOCH);
        let weights: Vec<f64> = decision.reasons.iter().map(|reason| reason.weight).collect();
        assert_eq!(weights, [0.3, 0.2, 0.1]);
    }

    proptest! {
        #[test]
        fn a_decision_survives_json_bit_by_bit(
            value in 0.0..=1.0, threshold in 0u32..=100, weights in prop::collection::vec(0.0..=1.0, 0..4),
        ) {
            let policy = Policy { threshold: f64::from(threshold) / 100.0 };
            let decision = decide(&score(value, &weights), &policy, Timestamp::from_microsecond(1).unwrap());
            let text = serde_json::to_string(&decision).unwrap();
            prop_assert_eq!(serde_json::from_str::<FraudDecision>(&text).unwrap(), decision);
        }
    }
}
