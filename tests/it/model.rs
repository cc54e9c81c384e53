//! Orders that a trained model judges.

use std::{collections::BTreeMap, path::Path};

use orderflow::events::OrderValidatedForFraud;
use orderflow_cli::environment::Options;
use orderflow_tests::{Request, Shop, options};

#[tokio::test]
async fn a_model_decides_and_the_decision_tells_which_and_by_what() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/fraud-scoring/model/shipped");
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
