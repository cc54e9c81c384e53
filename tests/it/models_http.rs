//! What `orderflow models` does, over HTTP.

use orderflow::events::{ModelPromoted, ShadowScored};
use orderflow_tests::{eventually, sources::shipped_model};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::model_bench::Bench;

#[tokio::test]
async fn a_version_is_tried_held_back_by_the_gate_forced_and_rolled_back_over_http() {
    let bench = Bench::open().await;
    let shop = &bench.shop;
    publish(&bench, "next").await;
    let act = async |what: &str, more: Value| {
        let mut body = json!({ "by": "ada", "reason": "incident 2025-31" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        shop.post(&format!("/models/fraud/{what}"), &body).await
    };
    let (status, unknown) = act("shadow", json!({ "version": "nothing" })).await;
    assert_eq!((status, &unknown["code"]), (StatusCode::NOT_FOUND, &json!("unknown_model")), "{unknown}");
    let (status, tried) = act("shadow", json!({ "version": "next" })).await;
    assert_eq!((status, &tried["state"]["mode"]), (StatusCode::ACCEPTED, &json!("shadow")), "{tried}");
    bench.measures("orderflow_model_state_revision 1").await;
    let mut placed = Vec::new();
    let decision = bench.decided(&mut placed).await;
    let order = placed[0].order_id;
    let (_, scored) = shop.record::<ShadowScored>(&order.to_string()).await;
    // Staff sees beside the decision what the version would have said.
    let shown = eventually("the shadow to be known", async || {
        let (_, shown) = shop.ask(&format!("/orders/{order}")).await;
        let lines = shown["timeline"].as_array().cloned().unwrap_or_default();
        let decided = lines.into_iter().find(|line| line["event"] == "OrderValidatedForFraud");
        decided.filter(|line| line["decision"]["shadow"].is_object()).ok_or(shown)
    })
    .await;
    assert_eq!(shown["decision"]["shadow"], json!({ "version": "next", "score": scored.score }));
    assert_eq!(shown["decision"]["version"], json!(decision.scorer_version));

    let (status, refused) = act("promote", json!({ "version": "next" })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("promotion_refused")), "{refused}");
    assert_eq!(refused["reasons"][0], "orders scored: 1, wanted at least 500");
    let model = model(&bench).await;
    assert_eq!(
        (&model["shadow"]["version"], &model["live"]["version"]),
        (&json!("next"), &Value::Null),
        "{model}"
    );
    assert_eq!(
        (&model["report"]["numbers"]["orders"], &model["report"]["gate"]["passed"]),
        (&json!(1), &json!(false))
    );

    let (status, promoted) = act("promote", json!({ "version": "next", "force": true })).await;
    assert_eq!((status, &promoted["state"]["live"]), (StatusCode::ACCEPTED, &json!("next")), "{promoted}");
    let (entry, event) = shop.record::<ModelPromoted>("fraud").await;
    assert_eq!(promoted["event_id"], json!(entry.envelope.id));
    assert!(event.forced && event.promoted_by == "ada", "{event:?}");
    bench.measures("orderflow_model_state_revision 2").await;
    assert_eq!(bench.decided(&mut placed).await.scorer_version, "next");
    let (status, again) = act("promote", json!({ "version": "next", "force": true })).await;
    assert_eq!((status, &again["code"]), (StatusCode::CONFLICT, &json!("model_stays")), "{again}");

    assert_eq!(act("rollback", json!({})).await.0, StatusCode::ACCEPTED);
    assert_eq!(act("off", json!({})).await.0, StatusCode::ACCEPTED);
    let model = self::model(&bench).await;
    assert_eq!(
        (&model["live"]["version"], &model["off"], &model["shadow"]),
        (&Value::Null, &json!(true), &Value::Null)
    );
    assert_eq!((&model["changed"]["by"], &model["versions"][0]["version"]), (&json!("ada"), &json!("next")));
    bench.shop.close(&placed).await;
}

/// The shipped model, published by an operator as another version.
async fn publish(bench: &Bench, version: &str) {
    let folder = tempfile::tempdir().unwrap();
    for file in ["model.onnx", "golden.json"] {
        std::fs::copy(shipped_model().join(file), folder.path().join(file)).unwrap();
    }
    let manifest = std::fs::read(shipped_model().join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
    manifest["version"] = json!(version);
    std::fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
    let (folder, store) = (folder.path().to_str().unwrap(), bench.store.path().to_str().unwrap());
    let who = ["--by", "ada", "--reason", "trained on November"];
    bench.shop.orderflow(&[&["models", "publish", folder, "--model-store", store], &who[..]].concat()).await;
}

async fn model(bench: &Bench) -> Value {
    let (status, mut models) = bench.shop.ask("/models").await;
    assert_eq!(status, StatusCode::OK, "{models}");
    models["models"][0].take()
}
