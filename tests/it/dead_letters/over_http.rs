//! What `orderflow dlq` does, over HTTP.

use orderflow::events::{DeadLetterParked, DeadLetterRedriven};
use orderflow_tests::{Shop, eventually, options};
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn an_operator_deals_with_dead_letters_over_http() {
    let shop = Shop::open(options()).await;
    let placed = shop.place_refused_by_shipping().await;
    let key = placed.order_id.to_string();
    let path = format!("/dead-letters?group=shipping&key={key}");
    let letter = eventually("the letter to be listed", async || {
        let (status, listed) = shop.ask(&path).await;
        assert_eq!(status, StatusCode::OK, "{listed}");
        listed["dead_letters"].get(0).cloned().ok_or(listed)
    })
    .await;
    assert_eq!((&letter["code"], &letter["attempts"]), (&json!("injected"), &json!(0)));
    let place = letter["place"].as_str().unwrap();
    let (_, shown) = shop.ask(&format!("/dead-letters/shipping/{place}")).await;
    assert_eq!(shown["value"]["order"]["payment_token"], json!("(secret)"));
    assert_eq!(shown["headers"]["orderflow_dlt-code"], json!("injected"));
    assert_eq!(shop.ask("/dead-letters/shipping/0:999").await.0, StatusCode::NOT_FOUND);

    let act =
        async |what: &str, body: Value| shop.post(&format!("/dead-letters/shipping/{what}"), &body).await;
    let this = json!({ "letters": [place], "by": "ada", "reason": "later" });
    let (status, refused) = act("discard", this.clone()).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("dead_letter_stays")), "{refused}");
    let (status, parked) = act("park", this.clone()).await;
    assert_eq!((status, &parked["dead_letters"][0]["standing"]), (StatusCode::OK, &json!("parked")));
    shop.record::<DeadLetterParked>("shipping").await;
    eventually("the metric to tell of it", async || {
        let metrics = shop.metrics("order-status-0").await;
        let row = r#"orderflow_dead_letters{group="shipping",standing="parked"} 1"#;
        if metrics.lines().any(|line| line == row) { Ok(()) } else { Err("it does not") }
    })
    .await;
    let (_, counted) = shop.ask("/dead-letters/stats").await;
    assert_eq!(
        (&counted["stats"][0]["parked"], &counted["stats"][0]["code"]),
        (&json!(1), &json!("injected"))
    );

    let mut value = shown["value"].clone();
    value["amount"] = json!("much");
    let edit = json!({ "letter": place, "value": value, "by": "ada", "reason": "by hand", "dry_run": true });
    let (status, unfit) = act("edit", edit).await;
    assert_eq!(
        (status, &unfit["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("unfit_value")),
        "{unfit}"
    );

    shop.refuse("shipping-0", &key, false).await;
    let (status, redriven) = act("redrive", this).await;
    assert_eq!(
        (status, &redriven["dead_letters"][0]["done"]),
        (StatusCode::OK, &json!("redriven")),
        "{redriven}"
    );
    shop.record::<DeadLetterRedriven>("shipping").await;
    shop.settled(&[placed]).await;
    shop.close_with_dead_letters(&[placed], &["injected"]).await;
}
