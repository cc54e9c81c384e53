use orderflow_model::manifest::Thresholds;
use proptest::prelude::*;
use rstest::rstest;

use super::*;

const POLICY: Policy =
    Policy { threshold: None, hold_threshold: None, review_time: SignedDuration::from_mins(30) };

/// Every other feature is unknown.
const VECTOR: [f32; LEN] = {
    let mut vector = [0.25; LEN];
    let mut i = 0;
    while i < LEN {
        vector[i] = f32::NAN;
        i += 2;
    }
    vector
};

fn score(value: f64, weights: &[f64]) -> Score {
    let reason = |&weight| Reason { code: format!("w{weight}"), text: String::new(), weight };
    Score {
        value,
        reasons: weights.iter().map(reason).collect(),
        scorer: "rules".into(),
        version: "1".into(),
        engine: "rules".into(),
        fallback: None,
        thresholds: Thresholds { refuse: 0.85, hold: 0.30 },
        valid_until: None,
    }
}

fn at(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap()
}

#[rstest]
#[case::zero(0.0, false, false)]
#[case::just_below_the_band(0.299_999, false, false)]
#[case::where_the_band_begins(0.30, true, false)]
#[case::at_the_threshold(0.85, true, false)]
#[case::just_above(0.850_001, false, true)]
#[case::more_than_one_is_one(1.5, false, true)]
fn a_score_in_the_band_is_held_and_one_above_it_refused(
    #[case] value: f64,
    #[case] held: bool,
    #[case] refused: bool,
) {
    let judged = decide(&score(value, &[]), &VECTOR, &POLICY, Timestamp::UNIX_EPOCH);
    assert_eq!((judged.review.is_some(), refuses(&judged.decision)), (held, refused));
    assert!((0.0..=1.0).contains(&judged.decision.score));
}

#[test]
fn a_decision_tells_the_thresholds_of_who_scored_unless_a_setting_says_otherwise() {
    let score = Score { thresholds: Thresholds { refuse: 0.7, hold: 0.4 }, ..score(0.5, &[]) };
    let set = Policy { threshold: Some(0.45), ..POLICY };
    for (policy, expected) in [(POLICY, (0.7, 0.4, false)), (set, (0.45, 0.4, true))] {
        let decision = decide(&score, &VECTOR, &policy, at(1)).decision;
        assert_eq!((decision.threshold, decision.hold_threshold, refuses(&decision)), expected);
    }
}

#[test]
fn a_threshold_below_the_band_holds_nothing() {
    let strict = Policy { threshold: Some(0.2), ..POLICY };
    for value in [0.1, 0.25, 0.30, 0.5, 1.0] {
        let judged = decide(&score(value, &[]), &VECTOR, &strict, Timestamp::UNIX_EPOCH);
        assert_eq!((judged.review, refuses(&judged.decision)), (None, value > 0.2));
    }
}

#[test]
fn people_are_reminded_at_half_time() {
    let times = decide(&score(0.5, &[]), &VECTOR, &POLICY, at(7)).review.unwrap();
    assert_eq!(times, ReviewTimes { escalate_at: at(900_000_007), review_by: at(1_800_000_007) });
}

#[rstest]
#[case::below(0.599_999, Ending::Approved)]
#[case::at_the_limit(0.6, Ending::Approved)]
#[case::above(0.600_001, Ending::Rejected)]
fn what_nobody_reviewed_is_rejected_only_above_the_limit(#[case] score: f64, #[case] ending: Ending) {
    assert_eq!(on_expiry(score, 0.6), ending);
}

#[test]
fn a_review_keeps_the_score_and_says_who_when_and_why() {
    let scored = decide(&score(0.5, &[0.5]), &VECTOR, &POLICY, at(1)).decision;
    let closing = Closing {
        by: Uuid::nil(),
        ending: Ending::Approved,
        at: at(2),
        reviewer: "ann".into(),
        reason: "known".into(),
    };
    let decision = reviewed(scored.clone(), &closing);
    assert_eq!((decision.score, &decision.reasons), (scored.score, &scored.reasons));
    assert_eq!((decision.decided_at, decision.threshold), (at(2), scored.threshold));
    assert_eq!(decision.reviewer.as_deref(), Some("ann"));
    assert_eq!(decision.review_reason.as_deref(), Some("known"));
}

#[test]
fn reasons_come_heaviest_first() {
    let judged = decide(&score(0.5, &[0.1, 0.3, 0.2]), &VECTOR, &POLICY, Timestamp::UNIX_EPOCH);
    let weights: Vec<f64> = judged.decision.reasons.iter().map(|reason| reason.weight).collect();
    assert_eq!(weights, [0.3, 0.2, 0.1]);
}

#[test]
fn what_was_kept_before_orders_were_held_is_still_read_and_holds_nothing() {
    let kept =
        r#"{"score":1.0,"threshold":1.0,"reasons":[],"scorer":"rules","scorer_version":"1","decided_at":5}"#;
    let judged: Judged = serde_json::from_str(kept).unwrap();
    assert_eq!((judged.review, judged.decision.decided_at, judged.decision.reviewer), (None, at(5), None));
}

#[test]
fn an_ending_is_read_as_it_was_written() {
    for (ending, name) in Ending::ALL {
        assert_eq!((ending.name(), Ending::parse(name)), (name, Some(ending)));
    }
    assert_eq!(Ending::parse(""), None);
}

proptest! {
    #[test]
    fn what_is_kept_survives_json_bit_by_bit(
        value in 0.0..=1.0, threshold in 0u32..=100, hold in 0u32..=100, weights in prop::collection::vec(0.0..=1.0, 0..4),
    ) {
        let policy = Policy {
            threshold: Some(f64::from(threshold) / 100.0), hold_threshold: Some(f64::from(hold) / 100.0), ..POLICY
        };
        let judged = decide(&score(value, &weights), &VECTOR, &policy, at(1));
        let text = serde_json::to_string(&judged).unwrap();
        prop_assert_eq!(serde_json::from_str::<Judged>(&text).unwrap(), judged);
    }
}
