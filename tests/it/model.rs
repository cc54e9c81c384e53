//! Orders that a trained model judges.

use std::collections::BTreeMap;

use orderflow::events::{OrderValidatedForFraud, ShadowScored};
use orderflow_cli::environment::Options;
use orderflow_tests::{Request, Shop, options, sources::shipped_model};
use serde_json::{Value, json};

#[tokio::test]
async fn a_model_decides_and_the_decision_tells_which_and_by_what() {
    let model = shipped_model();
    let variables = [("FRAUD_MODEL", model.to_str().unwrap()), ("FRAUD_ENGINE", "built-in")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let service_variables = BTreeMap::from([("fraud-scoring", variables)]);
    let shop = Shop::open(Options { service_variables, ..options() }).await;
    let placed = shop.place(&Request::good()).await;
    let (_, validated) = shop.record::<OrderValidatedForFraud>(&placed.order_id.to_string()).await;
    let decision = &validated.decision;
    let manifest = std::fs::read_to_string(model.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!((decision.scorer.as_str(), decision.engine.as_str()), ("fraud", "built-in"));
    assert_eq!(manifest["version"], decision.scorer_version.as_str());
    assert_eq!(manifest["thresholds"]["refuse"], decision.threshold);
    assert_eq!(manifest["thresholds"]["hold"], decision.hold_threshold);
    assert_eq!(manifest["features"]["names"].as_array().map(Vec::len), Some(decision.features.0.len()));
    assert_eq!(decision.fallback, None);
    shop.close(&[placed]).await;
}

#[tokio::test]
async fn a_replay_says_what_a_model_would_have_decided_and_does_nothing() {
    let shop = Shop::open(options()).await;
    let mut placed = shop.load(20).all().await;
    shop.settled(&placed).await;
    let model = shipped_model().display().to_string();
    let replayed = async || shop.orderflow(&["replay", "--model", &model]).await;
    let first = replayed().await;
    let numbers = &first["numbers"];
    assert_eq!((&numbers["orders"], &first["features_made_again"]), (&json!(20), &json!(0)), "{first}");
    let by_rules = numbers["decided_by"].as_object().unwrap();
    assert!(by_rules.keys().all(|who| who.starts_with("rules ")), "{first}");
    let others: u64 = numbers["outcomes"].as_object().unwrap().iter().map(others).sum();
    assert_eq!(first["changed"], others, "{first}");
    let again = replayed().await;
    assert_eq!((&again["orders"], &again["numbers"]["scores"]), (&first["orders"], &numbers["scores"]));

    assert!(shop.records::<ShadowScored>().await.is_empty());
    let none = ["replay", "--model", &model, "--to", "2001-01-01T00:00:00Z"];
    assert_eq!(shop.orderflow(&none).await["numbers"]["orders"], 0);
    placed.push(shop.place(&Request::good()).await);
    shop.close(&placed).await;
}

/// How many of the orders with this outcome would have had another.
fn others((decided, would_be): (&String, &Value)) -> u64 {
    let counts = would_be.as_object().unwrap().iter().filter(|(outcome, _)| *outcome != decided);
    counts.filter_map(|(_, count)| count.as_u64()).sum()
}
