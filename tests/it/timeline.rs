//! How an order came about: every event, decision and act, and a record of it whose places hold just what it says.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use orderflow::{envelope::ids, step::Origin, topics};
use orderflow_tests::{
    Request, Shop, eventually, options,
    raw::{self, Raw},
};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// What becomes of an order that a person lets pass, and that shipping cannot handle at first.
const STORY: [&str; 9] = [
    "OrderPlaced",
    "OrderHeldForReview",
    "ReviewDecided",
    "OrderValidatedForFraud",
    "InventoryReserved",
    "PaymentProcessed",
    "DeadLetter",
    "DeadLetterRedriven",
    "ShippingLabelGenerated",
];

#[tokio::test]
async fn a_reviewed_order_with_a_redriven_dead_letter_is_told_whole_and_its_record_is_proved_by_the_log() {
    let shop = Shop::open(options()).await;
    let placed = shop.place(&Request::suspicious()).await;
    let (id, key) = (placed.order_id, placed.order_id.to_string());
    shop.shown(id, "InProgress", Some("held")).await;
    shop.refuse("shipping-0", &key, true).await;
    shop.switch(shop.environment().gateway(), json!({ "error_rate": 1.0 })).await;
    assert_eq!(shop.decide(id, "approve").await.0, StatusCode::ACCEPTED);
    shop.tried("payment-0").await;
    shop.switch(shop.environment().gateway(), json!({ "error_rate": 0.0 })).await;
    shop.shown(id, "Parked", None).await;
    let (_, letters) = shop.ask(&format!("/dead-letters?group=shipping&key={key}")).await;
    shop.refuse("shipping-0", &key, false).await;
    let redrive =
        json!({ "letters": [letters["dead_letters"][0]["place"]], "by": "ada", "reason": "mended" });
    let (status, redriven) = shop.post("/dead-letters/shipping/redrive", &redrive).await;
    assert_eq!(status, StatusCode::OK, "{redriven}");
    shop.settled(&[placed]).await;

    let shown = eventually("the whole story", async || {
        let (_, shown) = shop.ask(&format!("/orders/{id}")).await;
        let missing = STORY.iter().chain(["DeadLetterSettled", "PickupScheduled"].iter());
        let missing: Vec<&&str> = missing.filter(|event| line(&shown, event).is_none()).collect();
        if missing.is_empty() { Ok(shown) } else { Err(format!("{missing:?} of {shown}")) }
    })
    .await;
    let told = |event: &str| line(&shown, event).unwrap();
    let decision = &told("OrderHeldForReview")["decision"];
    for field in ["model", "version", "engine"] {
        assert!(decision[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {decision}");
    }
    let (score, hold) = (decision["score"].as_f64().unwrap(), decision["hold_threshold"].as_f64().unwrap());
    assert!(hold <= score && score <= decision["threshold"].as_f64().unwrap(), "{decision}");
    let reason = &decision["reasons"][0];
    assert!(
        reason["text"].is_string() && reason["weight"].as_f64().is_some_and(|weight| weight > 0.0),
        "{reason}"
    );
    assert_eq!(told("ReviewDecided")["who"], "dana");
    assert!(told("ReviewDecided")["why"].as_str().is_some_and(|why| !why.is_empty()), "{shown}");
    assert_eq!(
        (&told("DeadLetterRedriven")["who"], &told("DeadLetterRedriven")["why"]),
        (&json!("ada"), &json!("mended"))
    );
    assert_eq!(told("DeadLetter")["cause"], told("PaymentProcessed")["id"]);
    // Only what was tried again says so.
    let tried = |event: &str| &told(event)["tried"];
    assert!(tried("PaymentProcessed")["held_ms"].as_u64() > Some(0), "{shown}");
    assert!(tried("InventoryReserved").is_null(), "{shown}");
    // Times add up along the path, and each hop took some.
    let total = |event: &str| told(event)["ms_total"].as_f64().unwrap();
    assert!(STORY.windows(2).all(|pair| total(pair[0]) <= total(pair[1])), "{shown}");
    let hop = told("InventoryReserved")["ms"].as_f64().unwrap();
    let between = total("InventoryReserved") - total("OrderValidatedForFraud");
    assert!((hop - between).abs() < 0.01, "{hop} {between}");
    assert!(STORY.iter().all(|event| told(event)["trace_id"].as_str().map(str::len) == Some(32)), "{shown}");

    let (_, record) = shop.ask(&format!("/orders/{id}/audit")).await;
    let count = |of: &Value| of["timeline"].as_array().map(Vec::len);
    assert_eq!((&record["state"], count(&record)), (&json!("Fulfilled"), count(&shown)), "{record}");
    proved(&shop, &record).await;
    let printed = shop.orderflow(&["orders", "show", &key, "--audit"]).await;
    assert_eq!(printed["state"], "Fulfilled");
    assert!(STORY.iter().all(|event| line(&printed, event).is_some()), "{printed}");
    proved(&shop, &printed).await;
    shop.close_with_dead_letters(&[placed], &["injected"]).await;
}

fn line<'t>(shown: &'t Value, event: &str) -> Option<&'t Value> {
    shown["timeline"].as_array()?.iter().find(|line| line["event"] == event)
}

/// The digest is that of the lines, and at each line's place stands the record it tells of, and no other.
async fn proved(shop: &Shop, record: &Value) {
    let canonical = serde_json_canonicalizer::to_vec(&record["timeline"]).unwrap();
    let sum: String = digest(&SHA256, &canonical).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(record["sha256"], json!(sum));
    let names = shop.environment().names();
    let prefix = names.topic(topics::ORDERS).strip_suffix("orders").unwrap().to_owned();
    let mut known: BTreeMap<String, Vec<Raw>> = BTreeMap::new();
    for line in record["timeline"].as_array().unwrap() {
        let topic = line["topic"].as_str().unwrap();
        if !known.contains_key(topic) {
            known.insert(topic.to_owned(), raw::read(&shop.kafka(), &format!("{prefix}{topic}")).await);
        }
        let is_there =
            |raw: &&Raw| json!(raw.partition) == line["partition"] && json!(raw.offset) == line["offset"];
        let raw = known[topic].iter().find(is_there).unwrap_or_else(|| panic!("nothing is at {line}"));
        if topic.contains(".dlq") || topic.contains(".waiting") {
            let origin = Origin {
                topic: names.logical(&format!("{prefix}{topic}")).unwrap(),
                partition: raw.partition,
                offset: raw.offset,
                timestamp: jiff::Timestamp::UNIX_EPOCH,
            };
            assert_eq!(line["id"], json!(ids::of_place(&origin)), "{line}");
        } else {
            assert_eq!(line["id"].as_str(), raw.text("ce_id").as_deref(), "{line}");
            let kind = raw.text("ce_type").unwrap();
            assert_eq!(line["event"].as_str(), kind.rsplit('.').next(), "{line}");
        }
    }
}
