//! Payments that wait for their customers, and the gateway's callbacks, from end to end.

use orderflow::{
    events::{GatewayAnswered, PaymentActionRequired, PaymentFailed, PaymentProcessed},
    order_state::State,
};
use orderflow_stack::free_port;
use orderflow_tests::{Request, Shop, eventually, load::Placed, options};
use serde_json::{Value, json};
use simulators::gateway::{Kind, callbacks::signature, read_ledger};

const SECRET: &str = "whsec_between_the_two_of_us";

/// A shop whose gateway calls payment back.
struct Hooked {
    shop: Shop,
    url: String,
}

impl Hooked {
    async fn open() -> Self {
        let mut options = options();
        let listen = format!("127.0.0.1:{}", free_port().unwrap());
        let variables = [("LISTEN", listen.as_str()), ("GATEWAY_WEBHOOK_SECRETS", SECRET)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        options.service_variables.insert("payment", variables.into());
        let shop = Shop::open(options).await;
        let url = format!("http://{listen}/webhooks/stripe");
        let target = json!({ "url": url, "secret": SECRET });
        let webhooks = format!("{}/webhooks", shop.environment().gateway().operator_url());
        let client = reqwest::Client::new();
        client.put(webhooks).json(&target).send().await.unwrap().error_for_status().unwrap();
        Self { shop, url }
    }

    /// Places an order whose card asks its customer, and waits until its payment waits.
    async fn asked(&self, becomes: State) -> (Placed, PaymentActionRequired) {
        let mut request = Request { becomes, ..Request::good() };
        request.body["payment_token"] = json!("tok_authenticationRequired");
        let placed = self.shop.place(&request).await;
        let (_, required) = self.shop.record::<PaymentActionRequired>(&placed.order_id.to_string()).await;
        (placed, required)
    }

    /// What the customer does on the page that asks them.
    async fn customer(&self, intent_id: &str, act: &str) {
        let gateway = self.shop.environment().gateway().operator_url().to_owned();
        let client = reqwest::Client::new();
        let answer = client.post(format!("{gateway}/customer/{intent_id}/{act}")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    /// Sends a callback with this signature: the status and the answer's code.
    async fn call(&self, body: &str, signature: String) -> (u16, Value) {
        let request = reqwest::Client::new().post(&self.url).header("stripe-signature", signature);
        let request = request.header("content-type", "application/json").body(body.to_owned());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap()["code"].clone())
    }

    fn kinds(&self, placed: Placed) -> Vec<Kind> {
        let ledger = read_ledger(&self.shop.environment().gateway_ledger()).unwrap().into_iter();
        let of_order = ledger.filter(|line| line.entry.order_id == placed.order_id.to_string());
        of_order.map(|line| line.entry.kind).collect()
    }
}

#[tokio::test]
async fn an_order_whose_customer_confirms_its_payment_is_fulfilled_however_often_that_is_said() {
    let hooked = Hooked::open().await;
    let gateway = hooked.shop.environment().gateway();
    hooked.shop.switch(gateway, json!({ "duplicate_callback_rate": 1.0 })).await;
    let (placed, required) = hooked.asked(State::Fulfilled).await;
    hooked.customer(&required.intent_id, "confirm").await;
    let (paid, _) = hooked.shop.record::<PaymentProcessed>(&placed.order_id.to_string()).await;
    assert_eq!(paid.envelope.source, "payment.on_gateway_answered");
    eventually("the callback to come twice", async || {
        let heard = hooked.shop.records::<GatewayAnswered>().await;
        if heard.len() >= 2 { Ok(()) } else { Err(format!("{heard:?}")) }
    })
    .await;
    assert_eq!(hooked.kinds(placed), [Kind::Intent, Kind::Action, Kind::Charge]);
    // A restart in between changes nothing: what was told is told.
    hooked.shop.environment().restart("payment-0").await.unwrap();
    hooked.shop.close(&[placed]).await;
}

#[tokio::test]
async fn an_order_whose_payment_nobody_confirms_is_declined_at_its_deadline_and_never_charged() {
    let hooked = Hooked::open().await;
    let (placed, required) = hooked.asked(State::Declined).await;
    hooked.shop.move_clock("payment-0", 15 * 60 + 5).await;
    let (failed_by, failed) = hooked.shop.record::<PaymentFailed>(&placed.order_id.to_string()).await;
    assert_eq!(
        (failed_by.envelope.source.as_str(), failed.reason.as_str()),
        ("payment.at_payment_deadline", "confirmation_expired")
    );
    assert_eq!(hooked.kinds(placed), [Kind::Intent, Kind::Action, Kind::Void], "{}", required.intent_id);
    hooked.shop.close(&[placed]).await;
}

#[tokio::test]
async fn an_order_whose_confirmation_nobody_heard_of_is_paid_at_its_deadline() {
    let hooked = Hooked::open().await;
    let gateway = hooked.shop.environment().gateway();
    hooked.shop.switch(gateway, json!({ "lost_callback_rate": 1.0 })).await;
    let (placed, required) = hooked.asked(State::Fulfilled).await;
    hooked.customer(&required.intent_id, "confirm").await;
    hooked.shop.move_clock("payment-0", 15 * 60 + 5).await;
    let (paid, _) = hooked.shop.record::<PaymentProcessed>(&placed.order_id.to_string()).await;
    assert_eq!(paid.envelope.source, "payment.at_payment_deadline");
    hooked.shop.close(&[placed]).await;
}

#[tokio::test]
async fn a_payment_that_waits_outlives_a_redis_that_forgets() {
    let servers = orderflow_tests::servers::own_redis().await;
    let mut options = options();
    options
        .service_variables
        .insert("payment", vec![("PAYMENT_CONFIRM_WITHIN".to_owned(), "600".to_owned())]);
    let shop = Shop::open_on(&servers, options).await;
    let mut request = Request { becomes: State::Declined, ..Request::good() };
    request.body["payment_token"] = json!("tok_authenticationRequired");
    let placed = shop.place(&request).await;
    let key = placed.order_id.to_string();
    shop.record::<PaymentActionRequired>(&key).await;
    orderflow_tests::servers::flush(&servers).await;
    shop.move_clock("payment-0", 605).await;
    let (_, failed) = shop.record::<PaymentFailed>(&key).await;
    assert_eq!(failed.reason, "confirmation_expired");
    shop.close(&[placed]).await;
}

#[tokio::test]
async fn a_callback_that_nobody_has_signed_or_long_ago_is_refused() {
    let hooked = Hooked::open().await;
    let (placed, required) = hooked.asked(State::Declined).await;
    let intent = json!({ "id": required.intent_id, "metadata": { "order_id": placed.order_id } });
    let body = json!({ "id": "evt_1", "type": "payment_intent.succeeded", "created": 1, "data": { "object": intent } });
    let (body, now) = (body.to_string(), required.required_at.as_second());
    let forged = hooked.call(&body, signature("whsec_guessed", now, &body)).await;
    assert_eq!(forged, (400, json!("bad_signature")));
    let old = hooked.call(&body, signature(SECRET, now - 400, &body)).await;
    assert_eq!(old, (400, json!("old_signature")));
    // What the gateway signs is believed, but not taken on trust: its customer has said nothing.
    assert_eq!(hooked.call(&body, signature(SECRET, now, &body)).await, (200, Value::Null));
    hooked.shop.record::<GatewayAnswered>(&placed.order_id.to_string()).await;
    hooked.shop.move_clock("payment-0", 15 * 60 + 5).await;
    hooked.shop.close(&[placed]).await;
}
