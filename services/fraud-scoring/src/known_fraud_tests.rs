use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::{domain::decide, labels::Learned, rules, vector::LEN};

const POLICY: Policy =
    Policy { threshold: Some(0.85), hold_threshold: Some(0.30), review_time: SignedDuration::from_mins(30) };

fn score(value: f64) -> Score {
    let reasons = vec![Reason { code: "pace".into(), text: "fast".into(), weight: value }];
    let (scorer, version, engine) = ("fraud".into(), "3".into(), "built-in".into());
    Score {
        value,
        reasons,
        scorer,
        version,
        engine,
        fallback: None,
        thresholds: rules::THRESHOLDS,
        valid_until: None,
    }
}

fn frauds(customer: i64, card: i64, device: i64, address: i64) -> Features {
    let of = |fraud| Tally { fraud, honest: 0 };
    let labels = Learned { customer: of(customer), card: of(card), device: of(device), address: of(address) };
    Features { labels, ..Features::default() }
}

fn codes(score: &Score) -> Vec<&str> {
    score.reasons[1..].iter().map(|reason| reason.code.as_str()).collect()
}

#[rstest]
#[case::of_the_customer(frauds(1, 1, 1, 1), 0.60, &["known_fraud_customer"])]
#[case::of_the_card(frauds(0, 1, 0, 0), 0.60, &["known_fraud_card"])]
#[case::of_the_device(frauds(0, 0, 1, 0), 0.50, &["known_fraud_device"])]
#[case::of_all_that_is_shared(frauds(0, 1, 1, 1), 0.82, &["known_fraud_card", "known_fraud_device", "known_fraud_address"])]
#[case::of_the_address(frauds(0, 0, 0, 1), 0.10, &["known_fraud_address"])]
#[case::three_times(frauds(3, 3, 3, 3), 0.88, &["known_fraud_customer"])]
fn each_fraud_counts_once(#[case] features: Features, #[case] value: f64, #[case] told: &[&str]) {
    let raised = raised(score(0.0), &features, &POLICY);
    assert!((raised.value - value).abs() < 1e-9, "{}", raised.value);
    assert_eq!(codes(&raised), told);
}

#[test]
fn a_card_that_many_share_and_an_address_of_honest_people_say_nothing() {
    let mut features = frauds(0, 1, 1, 1);
    features.labels.address.honest = 1;
    features.by_card.others_7d = MANY + 1;
    features.by_device.others_7d = MANY + 1;
    assert_eq!(raised(score(0.2), &features, &POLICY), score(0.2));
    features.by_card.others_7d = MANY;
    assert_eq!(codes(&raised(score(0.2), &features, &POLICY)), ["known_fraud_card"]);
}

#[rstest]
#[case::reaches_a_high_threshold(0.80, 0.80)]
#[case::at_the_one_that_refuses(0.85, 0.85)]
#[case::nothing_is_held(1.0, 0.60)]
fn confirmed_fraud_is_held_wherever_something_is(#[case] hold: f64, #[case] value: f64) {
    let policy = Policy { hold_threshold: Some(hold), ..POLICY };
    let raised = raised(score(0.0), &frauds(1, 0, 0, 0), &policy);
    assert_eq!(raised.value.to_bits(), value.to_bits());
    let judged = decide(&raised, &[0.0; LEN], &policy, Timestamp::UNIX_EPOCH);
    assert_eq!(judged.review.is_some(), hold < 1.0);
    let address_only = super::raised(score(0.0), &frauds(0, 0, 0, 1), &policy);
    assert!(address_only.value < 0.2, "an address holds nothing by itself");
}

proptest! {
    #[test]
    fn a_score_never_falls_and_its_reasons_add_up(
        value in 0.0..=1.0, fraud in prop::array::uniform4(0i64..5), hold in 0.0..=1.0,
    ) {
        let [customer, card, device, address] = fraud;
        let raised = raised(score(value), &frauds(customer, card, device, address), &Policy { hold_threshold: Some(hold), ..POLICY });
        prop_assert!(raised.value >= value && raised.value <= 1.0);
        let sum: f64 = raised.reasons.iter().map(|reason| reason.weight).sum();
        prop_assert!((sum - raised.value).abs() < 1e-9, "{sum} {}", raised.value);
        prop_assert_eq!(raised.scorer, "fraud");
    }
}
