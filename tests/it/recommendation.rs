//! What is bought together is recommended: by event, over HTTP, and again after Redis has forgotten everything.

use orderflow::{
    config::Delivery,
    events::{CartUpdated, ProductViewed, RecommendationsUpdated},
};
use orderflow_cli::environment::Options;
use orderflow_tests::{
    Request, Shop, eventually, options,
    servers::{self, flush},
};
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case::exactly_once(Delivery::ExactlyOnce)]
#[case::at_least_once(Delivery::AtLeastOnce)]
#[tokio::test]
async fn what_is_bought_together_is_recommended_also_after_a_loss_of_state(#[case] delivery: Delivery) {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, Options { delivery, ..options() }).await;
    let (first, second) = (Request::for_lines(&[("MUG", 1), ("TEA", 1)]), Request::for_lines(&[("MUG", 1)]));
    let mut placed = vec![shop.place(&first).await];
    let (_, nothing) = shop.record::<RecommendationsUpdated>(customer(&first)).await;
    assert_eq!((nothing.items.len(), nothing.basis.as_str()), (0, "popularity"), "{nothing:?}");

    // By a view and a cart, of somebody who has never ordered.
    let visitor = "visitor-1";
    tell(&shop, &json!({ "type": "product_viewed", "customer_id": visitor, "sku": "MUG" })).await;
    tell(
        &shop,
        &json!({ "type": "cart_updated", "customer_id": visitor, "lines": [{"sku": "MUG", "quantity": 1}] }),
    )
    .await;
    let (entry, event) = shop.record::<RecommendationsUpdated>(visitor).await;
    assert_eq!(first_item(&event), ("TEA", "bought_together", Some("MUG")), "{event:?}");
    assert!(event.valid_until > event.updated_at);
    let (seen, _) = shop.record::<ProductViewed>(visitor).await;
    assert_eq!(entry.envelope.causation_id, Some(seen.envelope.id));
    shop.record::<CartUpdated>(visitor).await;

    // By an order.
    placed.push(shop.place(&second).await);
    let (_, event) = shop.record::<RecommendationsUpdated>(customer(&second)).await;
    assert_eq!(first_item(&event), ("TEA", "bought_together", Some("MUG")), "{event:?}");

    let asked = [
        format!("recommendations/{visitor}"),
        format!("recommendations/{}", customer(&second)),
        "products/MUG/related".to_owned(),
    ];
    for path in &asked {
        eventually(&format!("TEA at {path}"), async || tea(&shop, path).await).await;
    }
    flush(&servers).await;
    for path in &asked {
        eventually(&format!("TEA at {path} again"), async || tea(&shop, path).await).await;
    }
    // Everybody has their state again before the books are closed.
    placed.push(shop.place(&Request::good()).await);
    shop.settled(&placed).await;
    shop.close(&placed).await;
}

#[tokio::test]
async fn an_unknown_customer_is_shown_what_is_popular() {
    let shop = Shop::open(options()).await;
    let request = Request::good();
    let placed = shop.place(&request).await;
    shop.record::<RecommendationsUpdated>(customer(&request)).await;
    let (status, body) = ask(&shop, "recommendations/nobody").await;
    assert_eq!((status, &body["basis"]), (StatusCode::OK, &json!("popularity")), "{body}");
    assert_eq!(body["items"].as_array().map(Vec::len), Some(2), "{body}");
    shop.close(&[placed]).await;
}

fn customer(request: &Request) -> &str {
    request.body["customer"]["id"].as_str().unwrap()
}

fn first_item(event: &RecommendationsUpdated) -> (&str, &str, Option<&str>) {
    let item = &event.items[0];
    (&item.sku, &item.reason, item.because_of.as_deref())
}

/// Tells intake what a customer does.
async fn tell(shop: &Shop, activity: &Value) {
    let url = format!("{}/activity", shop.environment().intake_url().unwrap());
    let post = reqwest::Client::new().post(url).json(&json!({ "activities": [activity] }));
    let response = post.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED, "{:?}", response.text().await);
}

/// Whether TEA is first in a list; while the state is rebuilt there is none.
async fn tea(shop: &Shop, path: &str) -> Result<(), String> {
    match ask(shop, path).await {
        (StatusCode::OK, body) if body["items"][0]["sku"] == "TEA" => Ok(()),
        (status, body) => Err(format!("{status} {body}")),
    }
}

async fn ask(shop: &Shop, path: &str) -> (StatusCode, Value) {
    let url = format!("{}/{path}", shop.environment().recommendation_url().unwrap());
    let response = reqwest::get(url).await.unwrap();
    (response.status(), response.json().await.unwrap_or_default())
}
