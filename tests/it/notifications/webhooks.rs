//! What endpoints are told, and what becomes of those that do not listen.

use orderflow::events::{EndpointDisabled, NotificationDelivered, NotificationFailed};
use orderflow_tests::{Request, eventually, servers};
use serde_json::json;

use super::{
    office::{notifications, open_on, subscribe},
    receiver::{Answer, Received, Receiver, Webhook},
};

const TAKES: Answer = Answer::Status(204);
const GOOD: [&str; 3] = ["order.accepted", "order.paid", "order.fulfilled"];

#[tokio::test]
async fn endpoints_are_told_every_event_signed_and_in_order_whatever_others_do() {
    let shop = open_on(servers::shared().await, &[], &[]).await;
    let (failing, slow) = (Receiver::start(Answer::Status(500)).await, Receiver::start(Answer::Never).await);
    let good = Receiver::start(TAKES).await;
    let (_, secret) = subscribe(&shop, &failing.url, &["*"]).await;
    subscribe(&shop, &slow.url, &["*"]).await;
    subscribe(&shop, &good.url, &["order.fulfilled"]).await;

    let order = shop.place(&Request::good()).await;
    // One that listens is told while another fails and a third does not answer.
    let told = good.has_taken(1).await;
    assert_eq!((told[0].name().as_str(), told[0].order()), ("order.fulfilled", order.order_id.to_string()));
    slow.has_received(1).await;

    // The first in a row is tried again, under its own id, and nothing goes past it.
    let tried = failing.has_received(3).await;
    assert!(tried.iter().all(|one| one.id == tried[0].id && one.name() == "order.accepted"), "{tried:?}");
    assert!(tried.iter().all(|one| one.body == tried[0].body && one.is_signed_with(&secret)), "{tried:?}");
    failing.answers(TAKES);
    let told = failing.has_taken(3).await;
    assert_eq!(names(&told), GOOD);
    assert!(told.iter().all(|one| one.is_signed_with(&secret)));
    assert_eq!(told[0].id, tried[0].id);
    let delivered = eventually("what was delivered to be told", async || {
        let mut delivered = shop.records::<NotificationDelivered>().await;
        delivered.retain(|(_, event)| event.event_id.to_string() == tried[0].id);
        delivered.pop().map(|(_, event)| event).ok_or("nothing")
    })
    .await;
    assert!(delivered.attempts > 3 && delivered.status == 204, "{delivered:?}");
    shop.close(&[order]).await;
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_left_alone_until_it_is_enabled_and_replayed() {
    let shop = open_on(servers::shared().await, &[], &[]).await;
    let (gone, other) = (Receiver::start(Answer::Status(410)).await, Receiver::start(TAKES).await);
    let (id, secret) = subscribe(&shop, &gone.url, &GOOD).await;
    subscribe(&shop, &other.url, &GOOD).await;
    let first = shop.place(&Request::good()).await;
    other.has_taken(3).await;
    let (_, disabled) = shop.record::<EndpointDisabled>(&format!("webhook/{id}")).await;
    assert_eq!((disabled.reason.as_str(), disabled.revision), ("gone", 1));
    status(&shop, &id, "suspended").await;

    // What happens meanwhile is kept for a replay.
    let second = shop.place(&Request::good()).await;
    other.has_taken(6).await;
    eventually("six failures to be told", async || {
        let mut failed = shop.records::<NotificationFailed>().await;
        failed.retain(|(_, event)| event.subscription_id.to_string() == id);
        if failed.len() == 6 { Ok(()) } else { Err(failed.len()) }
    })
    .await;
    assert_eq!(gone.received().len(), 1, "it was called again");

    gone.answers(TAKES);
    let refused = shop.orderflow_refuses(&["notifications", "replay", "--subscription", &id]).await;
    assert!(refused.contains("enable it first"), "{refused}");
    notifications(&shop, &["enable", &id]).await;
    status(&shop, &id, "enabled").await;
    let again = notifications(&shop, &["replay", "--subscription", &id]).await;
    assert_eq!(again.as_array().map(Vec::len), Some(6), "{again}");
    let told = gone.has_taken(6).await;
    assert!(told.iter().all(|one| one.is_signed_with(&secret)));
    let of = |all: &[Received], order: String| {
        let mut of: Vec<(String, String)> = all.iter().map(|one| (one.order(), one.id.clone())).collect();
        of.retain(|(one, _)| *one == order);
        of
    };
    for order in [first, second] {
        let order = order.order_id.to_string();
        assert_eq!(of(&told, order.clone()), of(&other.taken(), order), "the same under the same ids");
    }
    // Another secret, and a test that both have signed.
    let rotated = notifications(&shop, &["rotate", &id]).await;
    let new = rotated["secret"].as_str().unwrap();
    notifications(&shop, &["test", &id]).await;
    let test = gone.has_taken(7).await.pop().unwrap();
    assert_eq!(test.name(), "endpoint.test");
    assert!(new != secret && test.is_signed_with(new) && test.is_signed_with(&secret));
    notifications(&shop, &["delete", &id]).await;
    let left = notifications(&shop, &["list"]).await;
    assert_eq!(left["subscriptions"].as_array().map(Vec::len), Some(1), "{left}");
    shop.close(&[first, second]).await;
}

#[tokio::test]
async fn an_endpoint_that_fails_through_its_schedule_or_sends_us_elsewhere_is_given_up() {
    let shop = open_on(servers::shared().await, &[("RETRY_SCHEDULE", "0.2,0.2")], &[]).await;
    let (elsewhere, other) = (Receiver::start(Answer::Elsewhere).await, Receiver::start(TAKES).await);
    let (id, _) = subscribe(&shop, &elsewhere.url, &["order.accepted"]).await;
    subscribe(&shop, &other.url, &["order.accepted"]).await;
    let order = shop.place(&Request::good()).await;
    let (_, disabled) = shop.record::<EndpointDisabled>(&format!("webhook/{id}")).await;
    assert_eq!((disabled.reason.as_str(), disabled.attempts), ("exhausted", 3));
    assert_eq!(elsewhere.received().len(), 3, "a redirect was followed");
    other.has_taken(1).await;
    shop.close(&[order]).await;
}

#[tokio::test]
async fn what_must_not_be_called_is_refused_and_so_is_who_is_not_staff() {
    let settings = [("ALLOW_PRIVATE_ENDPOINTS", "false"), ("OPERATOR_TOKEN", "the-operator-s-token")];
    let shop = open_on(servers::shared().await, &settings, &[]).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/subscriptions", shop.instance(super::office::INSTANCE).http_url().unwrap());
    let post = async |url: &str, endpoint: &str, token: Option<&str>| {
        let mut request = http.post(url).json(&json!({ "url": endpoint, "events": ["*"] }));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let token = Some("the-operator-s-token");
    for endpoint in [
        "https://127.0.0.1/hooks",
        "https://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]/hooks",
        "https://2130706433/hooks",
        "http://shop.example/hooks",
        "https://ada:secret@shop.example/hooks",
    ] {
        assert_eq!(post(&url, endpoint, token).await, 422, "{endpoint}");
    }
    assert_eq!(post(&url, "https://shop.example/hooks", token).await, 201);
    assert_eq!(post(&url, "https://shop.example/hooks", None).await, 403);
    assert_eq!(post(&url, "https://shop.example/hooks", Some("another")).await, 401);
    shop.close(&[]).await;
}

fn names(all: &[Received]) -> Vec<String> {
    all.iter().map(Received::name).collect()
}

async fn status(shop: &orderflow_tests::Shop, id: &str, wanted: &str) {
    eventually(&format!("the subscription to be {wanted}"), async || {
        let shown = notifications(shop, &["show", id]).await;
        if shown["status"] == wanted { Ok(()) } else { Err(shown) }
    })
    .await;
}
