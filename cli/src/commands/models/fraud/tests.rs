//! The report, on numbers made by hand.

use serde_json::json;

use super::{
    measured::{Fate, Measured},
    report::Report,
};

/// A run in which the model has this average precision where labels come late, and all else is good.
fn run(average_precision: f64) -> Measured {
    let scores = |average_precision: f64| {
        json!({"auc": 0.99, "average_precision": average_precision, "precision": 0.97, "recall": 0.5,
               "calibration_error": 0.02})
    };
    let method = json!({
        "with_delayed": scores(average_precision),
        "without_delayed": scores(0.9),
        "held_share": 0.01,
        "scenarios": {"card_testing": {"orders": 10, "refused": 0.5, "stopped": 0.75}},
    });
    let methods = json!({"model": method, "rules": method, "tuned_rule": method, "seeds_rule": method});
    serde_json::from_value(json!({
        "orders": 1_000, "fraud": 10, "thresholds": {"refuse": 0.85, "hold": 0.3}, "tuned_limit": 12_000,
        "methods": methods,
    }))
    .unwrap()
}

#[test]
fn a_report_has_every_method_with_and_without_the_late_labels_and_every_scenario() {
    let report = Report::of(vec![1, 2], vec![run(0.7), run(0.8)]);
    let text = report.to_string();
    for method in ["model", "rules", "tuned_rule", "seeds_rule"] {
        assert_eq!(
            text.lines().filter(|line| line.trim().starts_with(method)).count(),
            2,
            "{method}\n{text}"
        );
    }
    assert!(text.contains("card_testing") && text.contains("20"), "{text}");
    assert!(text.contains("0.750 ± 0.635"), "{text}");
}

#[test]
fn a_simulation_in_which_a_scenario_did_not_happen_does_not_count_for_it() {
    let mut without = run(0.7);
    let fates = without.methods.values_mut().filter_map(|method| method.scenarios.get_mut("card_testing"));
    fates.for_each(|fate| *fate = Fate { orders: 0, refused: 0.0, stopped: 0.0 });
    let text = Report::of(vec![1, 2], vec![run(0.7), without]).to_string();
    let line = text.lines().find(|line| line.contains("card_testing")).unwrap();
    assert!(line.contains("0.500 ") && line.contains("0.750 ") && !line.contains('±'), "{line}");
}

#[test]
fn one_bar_missed_is_not_good() {
    assert!(Report::of(vec![1], vec![run(0.65)]).good);
    assert!(!Report::of(vec![1], vec![run(0.64)]).good);
    assert!(!Report::of(vec![1, 2], vec![run(0.7), run(0.5)]).good);
}

#[test]
fn of_a_shops_own_orders_nothing_is_told_that_only_a_simulation_knows() {
    let scores = json!({"auc": 0.9, "average_precision": 0.4, "precision": 0.5, "recall": 0.5, "calibration_error": 0.2});
    let method = json!({"with_delayed": scores, "held_share": 0.01});
    let run = serde_json::from_value(json!({
        "orders": 800, "fraud": 12, "thresholds": {"refuse": 0.85, "hold": 0.3}, "tuned_limit": 12_000,
        "methods": {"model": method, "rules": method, "tuned_rule": method, "seeds_rule": method},
    }));
    let report = Report::recorded(1, run.unwrap());
    let (text, json) = (report.to_string(), serde_json::to_string(&report).unwrap());
    assert!(
        report.good && text.contains("800 orders of the test window, 12 of them labelled as fraud"),
        "{text}"
    );
    for unknown in ["leaked", "scenario ", "simulat", "must be"] {
        assert!(!text.contains(unknown), "{unknown}: {text}");
    }
    assert!(!json.contains("without_delayed"), "{json}");
}
