use clap::Parser;
use jiff::Timestamp;
use orderflow::events::{Reason, ShadowScored};
use uuid::Uuid;

use orderflow_versions::Evidence;

use super::*;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    gate: Gate,
}

fn gate(options: &[&str]) -> Gate {
    Options::try_parse_from([&["gate"], options].concat()).unwrap().gate
}

fn scored(id: u128, score: f64, decided_score: f64, decided: &str) -> ShadowScored {
    let reason = Reason { code: "velocity".to_owned(), text: "many orders".to_owned(), weight: 1.0 };
    ShadowScored {
        order_id: Uuid::from_u128(id),
        order_event_id: Uuid::from_u128(id),
        model: "fraud".to_owned(),
        version: "2".to_owned(),
        engine: "built-in".to_owned(),
        score,
        threshold: 0.85,
        hold_threshold: 0.3,
        reasons: if score >= 0.3 { vec![reason] } else { Vec::new() },
        micros: id as f64,
        decided_score,
        decided_by: "fraud".to_owned(),
        decided_version: "1".to_owned(),
        decided_outcome: decided.to_owned(),
        scored_at: Timestamp::UNIX_EPOCH,
    }
}

fn evidence(scored: impl IntoIterator<Item = ShadowScored>) -> Evidence {
    let scored = scored.into_iter().map(|one| (one.order_id, one)).collect();
    Evidence { scored, ..Evidence::default() }
}

#[test]
fn with_labels_both_are_held_to_what_was_fraud() {
    let mut evidence = evidence([
        scored(1, 0.1, 0.5, "held"),
        scored(2, 0.9, 0.2, "validated"),
        scored(3, 0.4, 0.9, "refused"),
        scored(4, 0.9, 0.9, "refused"),
    ]);
    assert_eq!(Numbers::of(&evidence).labelled, None);
    evidence.labels =
        [(1, false), (2, true), (3, true)].map(|(id, fraud)| (Uuid::from_u128(id), fraud)).into();
    let labelled = Numbers::of(&evidence).labelled.unwrap();
    assert_eq!((labelled.orders, labelled.frauds), (3, 2));
    let (decided, candidate) = (labelled.decided, labelled.candidate);
    assert_eq!((decided.stopped, decided.precision, decided.recall), (2, Some(0.5), Some(0.5)));
    assert_eq!((candidate.stopped, candidate.precision, candidate.recall), (2, Some(1.0), Some(1.0)));
}

#[test]
fn outcomes_are_compared_by_each_ones_own_thresholds() {
    let mut evidence = evidence([
        scored(1, 0.1, 0.2, "validated"),
        scored(2, 0.3, 0.2, "validated"),
        scored(3, 0.85, 0.5, "held"),
        scored(4, 0.86, 0.9, "refused"),
    ]);
    evidence.decided_for.insert(Uuid::from_u128(4), ["velocity".to_owned(), "new_card".to_owned()].into());
    let numbers = Numbers::of(&evidence);
    assert_eq!((numbers.orders, numbers.agreement), (4, Some(0.75)));
    assert_eq!(numbers.outcomes["validated"], [("validated", 1), ("held", 1)].into());
    assert_eq!((&numbers.outcomes["held"]["held"], &numbers.outcomes["refused"]["refused"]), (&1, &1));
    assert_eq!(numbers.decided_by, [("fraud 1".to_owned(), 4)].into());
    let moved: Vec<_> = numbers.reasons.iter().map(|one| (&*one.code, one.decided, one.candidate)).collect();
    assert_eq!(moved, [("velocity", 1, 3), ("new_card", 1, 0)]);
}

#[test]
fn percentiles_are_values_that_were_there() {
    let numbers = Numbers::of(&evidence((1..=100).map(|n| scored(n, n as f64 / 1e3, 0.5, "validated"))));
    let micros = numbers.micros.unwrap();
    assert_eq!((micros.p50, micros.p95, micros.p99), (50.0, 95.0, 99.0));
    let scores = numbers.scores.unwrap();
    assert_eq!((scores.candidate[0], scores.candidate[8]), (0.01, 0.09));
    assert_eq!(scores.decided, [0.5; 9]);
}

#[test]
fn the_gate_lets_a_version_pass_on_its_bounds_and_tells_every_line_it_fails() {
    let same = || (1..=10).map(|n| scored(n, 0.1, 0.1, "validated"));
    let bounds = ["--min-orders", "10", "--min-agreement", "1", "--max-p99", "10"];
    let passed = gate(&bounds).judge(&Numbers::of(&evidence(same())));
    assert!(passed.passed, "{passed:?}");
    assert!(passed.in_a_line().starts_with("passed: orders scored 10, same outcome 100.00 %"));

    let other = [scored(1, 0.4, 0.1, "validated"), scored(11, f64::NAN, 0.1, "validated")];
    let worse = gate(&["--min-orders", "12", "--min-agreement", "1", "--max-p99", "9"]);
    let failed = worse.judge(&Numbers::of(&evidence(same().chain(other))));
    assert!(!failed.passed);
    assert_eq!(
        failed.failures().lines().collect::<Vec<_>>(),
        [
            "  orders scored: 11, wanted at least 12",
            "  same outcome: 90.00 %, wanted at least 100.00 %",
            "  scores that are no number from 0 to 1: 1, wanted none",
            "  microseconds an order, 99th percentile: 10.0, wanted at most 9",
        ]
    );
}

#[test]
fn of_no_orders_nothing_is_known_and_nothing_passes() {
    let numbers = Numbers::of(&Evidence::default());
    let judgement = gate(&["--min-orders", "0", "--min-agreement", "0"]).judge(&numbers);
    assert!(!judgement.passed);
    assert!(judgement.failures().contains("same outcome: unknown"), "{}", judgement.failures());
    let shown = draw::text("2", &numbers, &judgement);
    assert!(shown.contains("has scored 0 orders") && shown.contains("NOT PASSED"), "{shown}");
}

#[test]
fn a_report_shows_what_differs() {
    let numbers = Numbers::of(&evidence([scored(1, 0.5, 0.1, "validated")]));
    let shown = draw::text("2", &numbers, &gate(&[]).judge(&numbers));
    for words in [
        "decided by fraud 1 (1)",
        "the same outcome: 0.00 %",
        "velocity",
        "+1",
        "none of these orders has a label",
    ] {
        assert!(shown.contains(words), "{words} in\n{shown}");
    }
}
