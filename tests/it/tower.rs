//! The control tower in a real browser, over real services. Without Chromium these tests are skipped, and say so.

mod browser;

use browser::Browser;
use orderflow::events::{DeadLetterRedriven, OrderValidatedForFraud};
use orderflow_cli::environment::Options;
use orderflow_tests::{Request, Shop, eventually, options};
use serde_json::json;

const TOKEN: &str = "a token for this test alone";
/// What a cold load may take, in bytes, with headers.
const MOST: f64 = 150_000.0;

async fn tower(shop: &Shop) -> Option<Browser> {
    Browser::open(&format!("{}/ui/", shop.environment().status_url())).await
}

#[tokio::test]
async fn an_order_that_is_placed_appears_and_moves_to_its_end_without_a_reload() {
    let shop = Shop::open(options()).await;
    let Some(tower) = tower(&shop).await else { return shop.close(&[]).await };
    tower.says("h1", "Flow").await;
    tower.has_no("#trouble").await;
    let loaded = tower
        .run(
            "const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
             return { bytes: all.reduce((sum, one) => sum + one.transferSize, 0),
                 strange: all.map((one) => one.name).filter((name) => !name.startsWith(location.origin + '/')) }",
        )
        .await;
    let bytes = loaded["bytes"].as_f64().unwrap();
    assert!((10_000.0..MOST).contains(&bytes), "{loaded}");
    assert_eq!(loaded["strange"], json!([]), "nothing comes from anywhere else");

    tower.run("window.sameAsBefore = true").await;
    let placed = shop.place(&Request::good()).await;
    let row = format!("tr:has(a[href='#/orders/{}'])", placed.order_id);
    tower.says(&row, "Fulfilled").await;
    tower.click(&format!("{row} a")).await;
    tower.says("h1", &placed.order_id.to_string()).await;
    tower.says(".about", "Fulfilled").await;
    for event in ["Order placed", "Inventory reserved", "Payment processed", "Shipping label generated"] {
        tower.says(".timeline", event).await;
    }
    assert_eq!(tower.run("return window.sameAsBefore").await, json!(true), "the page was never loaded again");

    tower.be_wide(360).await;
    for part in ["", "orders", "reviews", "dead-letters", "models"] {
        tower.run(&format!("location.hash = '#/{part}'")).await;
        tower.has_no("[aria-busy=true]").await;
        let width = tower.run("return document.documentElement.scrollWidth").await;
        assert_eq!(width, json!(360), "nothing of '{part}' is cut off on a phone");
    }
    let complaints = tower.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    tower.close().await;
    shop.close(&[placed]).await;
}

#[tokio::test]
async fn a_held_order_is_approved_by_whoever_gives_a_name_and_a_reason() {
    let shop = Shop::open(options()).await;
    let Some(tower) = tower(&shop).await else { return shop.close(&[]).await };
    tower.click("a[href='#/reviews']").await;
    tower.says("main", "No order waits for a person").await;
    let placed = shop.place(&Request::suspicious()).await;
    let card = format!("[data-order='{}']", placed.order_id);
    tower.says(&card, "Approve").await;
    tower.click(&format!("{card} button.main")).await;
    tower.says("dialog", "Approve this order?").await;
    tower.click("dialog button.main").await;
    tower.says("dialog", "Your name").await; // it stays: nobody has said who
    tower.type_into("dialog [name=by]", "dana").await;
    tower.type_into("dialog [name=reason]", "has called").await;
    tower.click("dialog button.main").await;
    tower.says("#told", "is approved by dana").await;
    let (_, validated) = shop.record::<OrderValidatedForFraud>(&placed.order_id.to_string()).await;
    let said = (validated.decision.reviewer.as_deref(), validated.decision.review_reason.as_deref());
    assert_eq!(said, (Some("dana"), Some("has called")));
    tower.has_no(&card).await;
    assert_eq!(tower.complaints().await, [json!(null); 0]);
    tower.close().await;
    shop.close(&[placed]).await;
}

#[tokio::test]
async fn a_dead_letter_is_looked_at_tried_and_redriven() {
    let shop = Shop::open(options()).await;
    let Some(tower) = tower(&shop).await else { return shop.close(&[]).await };
    let placed = shop.place_refused_by_shipping().await;
    let key = placed.order_id.to_string();
    eventually("the letter to be listed", async || {
        let (_, listed) = shop.ask("/dead-letters?group=shipping").await;
        if listed["dead_letters"][0].is_object() { Ok(()) } else { Err(listed) }
    })
    .await;

    tower.click("a[href='#/dead-letters']").await;
    tower.says(".chips", "shipping injected 1 open").await;
    tower.click(".chips a").await;
    tower.says("tbody", "PaymentProcessed").await;
    tower.click("tbody button.link").await;
    tower.says(".detail", "\"payment_token\": \"(secret)\"").await;
    tower.click("tbody input[type=checkbox]").await;
    tower.says(".bar", "1 chosen").await;
    tower.click(".bar button").await;
    tower.type_into("dialog [name=by]", "dana").await;
    tower.type_into("dialog [name=reason]", "the carrier is back").await;
    tower.click("dialog .buttons button:not(.main):not(.quiet)").await;
    tower.says("dialog", "1 would be redriven").await;
    assert!(shop.records::<DeadLetterRedriven>().await.is_empty(), "it was only tried");

    shop.refuse("shipping-0", &key, false).await;
    tower.click("dialog button.main").await;
    tower.says("#told", "1 now redriven").await;
    let (_, redriven) = shop.record::<DeadLetterRedriven>("shipping").await;
    assert_eq!((redriven.redriven_by.as_str(), redriven.reason.as_str()), ("dana", "the carrier is back"));
    tower.says("main", "No open dead letter is like that").await;
    tower.run(&format!("location.hash = '#/orders/{key}'")).await;
    tower.says(".about", "Fulfilled").await;
    tower.says(".timeline", "Dead letter settled").await;
    assert_eq!(tower.complaints().await, [json!(null); 0]);
    tower.close().await;
    shop.close_with_dead_letters(&[placed], &["injected"]).await;
}

#[tokio::test]
async fn without_a_token_with_a_wrong_one_and_without_an_answer_the_page_says_so_and_comes_back() {
    let token = vec![("OPERATOR_TOKEN".to_owned(), TOKEN.to_owned())];
    let service_variables =
        [("order-status", token)].into_iter().chain(options().service_variables).collect();
    let shop = Shop::open(Options { service_variables, ..options() }).await;
    let Some(tower) = tower(&shop).await else { return shop.close(&[]).await };
    tower.says("#trouble", "needs the operator token").await;
    tower.says("#status", "For staff").await;
    tower.type_into("#token", "another").await;
    tower.click("#trouble button.main").await;
    tower.says("#trouble", "was not accepted").await;
    tower.type_into("#token", TOKEN).await;
    tower.click("#trouble button.main").await;
    tower.has_no("#trouble").await;
    tower.has_no("#status:not([data-kind=live]):not([data-kind=asking])").await;
    let kept = tower.run("return [Object.values(localStorage).length, document.cookie]").await;
    assert_eq!(kept, json!([0, ""]), "the token is in this tab alone");

    shop.kill("order-status-0");
    tower.says("#trouble", "does not answer").await;
    tower.says("#status", "No answer").await;
    shop.start_again("order-status-0").await;
    tower.has_no("#trouble").await;
    let placed = shop.place(&Request::good()).await;
    tower.says(&format!("tr:has(a[href='#/orders/{}'])", placed.order_id), "Fulfilled").await;
    assert_eq!(tower.complaints().await, [json!(null); 0]);
    tower.close().await;
    shop.close(&[placed]).await;
}
