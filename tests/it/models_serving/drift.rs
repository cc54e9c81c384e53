//! Orders come that are not like those of training: it is told, rules decide, and the model again when they have gone.

use fraud_scoring::vector;
use orderflow::events::{DriftDetected, FraudDecision};
use orderflow_tests::{Load, Request, eventually};
use serde_json::{Value, json};

use crate::model_bench::{Bench, SERVICE};

/// A window of twenty orders, and limits that one of them in it does not reach.
const SETTINGS: [(&str, &str); 4] = [
    ("DRIFT_ACTION", "rules"),
    ("DRIFT_WINDOW", "20"),
    ("DRIFT_MIN_ORDERS", "20"),
    ("DRIFT_SWITCH_LIMIT", "1"),
];
/// A good order has two lines.
const LINES: &str = "line_count";

/// Training in which all orders were like the one with this vector, whatever their scores.
fn trained_on(vector: &[f32]) -> Value {
    let feature = |(name, number): (&str, &f32)| match (name, number.is_nan()) {
        (LINES, _) => json!({ "name": name, "edges": [1.5, 2.5], "shares": [0.0, 1.0, 0.0] }),
        (_, true) => json!({ "name": name, "edges": [], "shares": [0.0, 1.0] }),
        (_, false) => json!({ "name": name, "edges": [], "shares": [1.0] }),
    };
    let features: Vec<Value> = vector::names().into_iter().zip(vector).map(feature).collect();
    json!({ "features": features, "score": { "edges": [], "shares": [1.0] } })
}

/// Good as well, but with one line.
fn others(bench: &Bench) -> Load {
    Load::start(bench.shop.counter(), usize::MAX, |_| Request::for_lines(&[("MUG", 1)]))
}

/// Waits for the event that says so of the feature that has moved.
async fn told(bench: &Bench, to: &str, decides: &str) -> DriftDetected {
    eventually(&format!("models to hear that it is {to}"), async || {
        let events: Vec<_> =
            bench.shop.records::<DriftDetected>().await.into_iter().map(|(_, event)| event).collect();
        let found = events.iter().find(|event| event.to == to && event.decides == decides);
        found.cloned().ok_or_else(|| format!("{events:?}"))
    })
    .await
}

#[tokio::test]
async fn orders_unlike_training_are_told_of_and_left_to_rules_until_they_have_gone() {
    let mut bench = Bench::given(1, &SETTINGS).await;
    let mut placed = Vec::new();
    let first = bench.decided(&mut placed).await;
    let reference = trained_on(&first.features.0);
    let one = bench.publish_as("one", |manifest| manifest["reference"] = reference).await;
    bench.say(|state| state.live = Some(one.clone())).await;

    let load = bench.shop.good_load();
    load.reached(30).await;
    placed.extend(load.enough().await);
    bench.shop.settled(&placed).await;
    let decisions = bench.decisions().await;
    let by_model = decisions.iter().filter(|decision| decision.scorer_version == "one");
    assert_eq!(by_model.filter(|decision| decision.fallback.is_none()).count(), placed.len() - 1);
    assert!(bench.shop.records::<DriftDetected>().await.is_empty());

    let load = others(&bench);
    let drifting = told(&bench, "severe", "rules").await;
    assert_eq!((drifting.version.as_str(), drifting.of.as_str()), ("one", LINES));
    assert!(drifting.psi >= 1.0 && drifting.orders == 20, "{drifting:?}");
    bench.shop.says(SERVICE, "rules decides instead of version one: drift").await;
    bench.measures("orderflow_model_drift_switched 1").await;
    eventually("rules to decide because of drift", async || {
        let decisions = bench.decisions().await.into_iter();
        let by_rules = decisions.filter(|decision| decision.fallback.as_deref() == Some("drift"));
        let by_rules: Vec<FraudDecision> = by_rules.collect();
        if by_rules.is_empty() { Err("none yet") } else { Ok(by_rules) }
    })
    .await
    .iter()
    .for_each(|decision| assert_eq!(decision.scorer, "rules"));
    placed.extend(load.enough().await);

    let load = bench.shop.good_load();
    let over = told(&bench, "calm", "model").await;
    assert!(over.detected_at > drifting.detected_at && over.psi < drifting.psi, "{over:?}");
    placed.extend(load.enough().await);
    let decision = bench.decided(&mut placed).await;
    assert_eq!((decision.scorer_version.as_str(), decision.fallback), ("one", None));
    // Told when it comes and goes, not with every batch: up by one step or two, and down again.
    let told = bench.shop.records::<DriftDetected>().await;
    assert!((2..=4).contains(&told.len()), "{told:?}");
    bench.shop.close(&placed).await;
}
