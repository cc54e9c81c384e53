//! The client against a server that answers what a test wants.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use orderflow::{
    events::Order,
    fault::{Consequence, Fault},
};
use payment::{
    domain::reason,
    gateway::{Answer, Gateway, Opened, Standing},
    stripe::VERSION,
};
use reqwest::Url;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{client, order};

/// One request, as it arrived: method and path, key, version, form.
type Asked = (String, Option<String>, Option<String>, BTreeMap<String, String>);

/// A server that gives the same answer to everything.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    _serving: JoinSet<()>,
}

impl Server {
    async fn answering(status: u16, body: impl ToString) -> Self {
        let (status, body) = (StatusCode::from_u16(status).unwrap(), body.to_string());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = asked.clone();
        let answer = async move |method: Method, uri: Uri, headers: HeaderMap, sent: Bytes| {
            let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            let form = Url::parse(&format!("http://x/?{}", std::str::from_utf8(&sent).unwrap())).unwrap();
            let form = form.query_pairs().into_owned().filter(|(name, _)| !name.is_empty()).collect();
            let (key, version) = (header("idempotency-key"), header("stripe-version"));
            log.lock().unwrap().push((format!("{method} {uri}"), key, version, form));
            (status, body.clone())
        };
        Self::serving(Router::new().fallback(answer), asked).await
    }

    /// One that answers by the end of the path.
    async fn saying(answers: impl IntoIterator<Item = (&'static str, u16, Value)>) -> Self {
        let answers: Vec<_> = answers.into_iter().collect();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = asked.clone();
        let answer = async move |method: Method, uri: Uri| {
            log.lock().unwrap().push((format!("{method} {uri}"), None, None, BTreeMap::new()));
            let (_, status, body) = answers.iter().find(|(end, ..)| uri.path().ends_with(end)).unwrap();
            (StatusCode::from_u16(*status).unwrap(), body.to_string())
        };
        Self::serving(Router::new().fallback(answer), asked).await
    }

    async fn silent() -> Self {
        let answer = async || std::future::pending::<StatusCode>().await;
        Self::serving(Router::new().fallback(answer), Arc::default()).await
    }

    async fn serving(router: Router, asked: Arc<Mutex<Vec<Asked>>>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serve = async move { axum::serve(listener, router).await.unwrap() };
        Self { url, asked, _serving: JoinSet::from_iter([serve]) }
    }

    async fn confirm(&self, order: &Order) -> Result<Standing, Fault> {
        client(&self.url, Duration::from_secs(10)).confirm(order, "pi_1").await
    }

    async fn open(&self, order: &Order) -> Result<Opened, Fault> {
        client(&self.url, Duration::from_secs(10)).open(order, true).await
    }

    fn paths(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(path, ..)| path.clone()).collect()
    }
}

fn intent(order: &Order) -> Value {
    json!({
        "id": "pi_1",
        "object": "payment_intent",
        "status": "succeeded",
        "amount": order.total,
        "amount_received": order.total,
        "currency": order.currency.to_lowercase(),
        "metadata": { "order_id": order.order_id },
    })
}

fn with(order: &Order, field: &str, value: Value) -> Value {
    let mut intent = intent(order);
    intent[field] = value;
    intent
}

fn fault<T: std::fmt::Debug>(answer: Result<T, Fault>) -> (Consequence, &'static str) {
    let fault = answer.unwrap_err();
    (fault.consequence(), fault.code())
}

#[tokio::test]
async fn a_payment_is_opened_with_its_order_its_total_and_its_key_and_confirmed_with_another() {
    let order = order("pm_card_visa");
    let opened = Server::answering(200, with(&order, "status", json!("requires_confirmation"))).await;
    assert_eq!(opened.open(&order).await.unwrap(), Opened::Fresh { intent_id: "pi_1".into() });
    let id = order.order_id;
    let form = [
        ("amount", "2500"),
        ("currency", "eur"),
        ("payment_method", "pm_card_visa"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
        ("metadata[order_id]", &id.to_string()),
    ];
    let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (key, version) = (Some(format!("{id}:charge")), Some(VERSION.to_owned()));
    let expected = ("POST /v1/payment_intents".to_owned(), key, version.clone(), BTreeMap::from(form));
    assert_eq!(*opened.asked.lock().unwrap(), [expected]);

    let confirmed = Server::answering(200, intent(&order)).await;
    let charged = Standing::Decided(Answer::Charged { intent_id: "pi_1".into() });
    assert_eq!(confirmed.confirm(&order).await.unwrap(), charged);
    let path = "POST /v1/payment_intents/pi_1/confirm".to_owned();
    let expected = (path, Some(format!("{id}:confirm")), version, BTreeMap::new());
    assert_eq!(*confirmed.asked.lock().unwrap(), [expected]);
}

#[rstest]
#[case("requires_action", Standing::Waiting)]
#[case("processing", Standing::Waiting)]
#[case("requires_confirmation", Standing::Unconfirmed)]
#[case("canceled", Standing::Decided(Answer::Voided))]
#[tokio::test]
async fn every_status_says_how_a_payment_stands(#[case] status: &str, #[case] standing: Standing) {
    let order = order("tok_visa");
    let server = Server::answering(200, with(&order, "status", json!(status))).await;
    let gateway = client(&server.url, Duration::from_secs(10));
    assert_eq!(gateway.look(&order, "pi_1").await.unwrap(), standing);
}

#[rstest]
#[case::other_amount("amount", json!(2_501))]
#[case::partly_taken("amount_received", json!(2_499))]
#[case::other_currency("currency", json!("usd"))]
#[case::other_order("metadata", json!({"order_id": "somebody else's"}))]
#[case::no_order("metadata", json!({}))]
#[case::impossible_id("id", json!("pi_1/../pi_2"))]
#[tokio::test]
async fn a_charge_that_is_not_the_orders_is_never_taken_as_paid(#[case] field: &str, #[case] value: Value) {
    let order = order("tok_visa");
    let server = Server::answering(200, with(&order, field, value)).await;
    assert_eq!(fault(server.confirm(&order).await), (Consequence::Poison, "charge_mismatch"));
}

#[rstest]
#[case("card_declined", Some("generic_decline"), reason::DECLINED, "generic_decline")]
#[case("card_declined", Some("insufficient_funds"), reason::INSUFFICIENT_FUNDS, "insufficient_funds")]
#[case("expired_card", None, reason::EXPIRED_CARD, "expired_card")]
#[case("incorrect_cvc", None, reason::DECLINED, "incorrect_cvc")]
#[tokio::test]
async fn a_declined_card_is_an_answer(
    #[case] code: &str,
    #[case] decline_code: Option<&str>,
    #[case] reason: &'static str,
    #[case] told: &str,
) {
    let order = order("tok_visa");
    let error = json!({ "type": "card_error", "code": code, "decline_code": decline_code });
    let cancelled = with(&order, "status", json!("canceled"));
    let server =
        Server::saying([("confirm", 402, json!({ "error": error })), ("cancel", 200, cancelled)]).await;
    let declined = Standing::Decided(Answer::Declined { reason, code: Some(told.into()) });
    assert_eq!(server.confirm(&order).await.unwrap(), declined);
    // Else another card could pay it.
    assert_eq!(server.paths().last().unwrap(), "POST /v1/payment_intents/pi_1/cancel");
}

#[tokio::test]
async fn a_declined_payment_that_was_paid_meanwhile_is_paid() {
    let order = order("tok_visa");
    let error = json!({ "type": "card_error", "code": "card_declined" });
    let code = "payment_intent_unexpected_state";
    let paid = json!({ "type": "invalid_request_error", "code": code, "payment_intent": intent(&order) });
    let answers = [("confirm", 402, json!({ "error": error })), ("cancel", 400, json!({ "error": paid }))];
    let charged = Standing::Decided(Answer::Charged { intent_id: "pi_1".into() });
    assert_eq!(Server::saying(answers).await.confirm(&order).await.unwrap(), charged);
}

#[rstest]
#[case("payment_method", "resource_missing")]
#[case("amount", "amount_too_large")]
#[case("currency", "invalid_currency")]
#[tokio::test]
async fn what_the_gateway_does_not_take_is_refused(#[case] param: &str, #[case] code: &str) {
    let order = order("tok_visa");
    let body = json!({ "error": { "type": "invalid_request_error", "code": code, "param": param } });
    let server = Server::answering(400, body).await;
    let refused = Answer::Declined { reason: reason::REFUSED_BY_GATEWAY, code: Some(code.into()) };
    assert_eq!(server.open(&order).await.unwrap(), Opened::Refused(refused));
}

#[rstest]
#[case("ISK")]
#[case("MGA")]
#[case("ugx")]
#[tokio::test]
async fn a_currency_that_the_gateway_counts_otherwise_is_not_charged(#[case] currency: &str) {
    let order = Order { currency: currency.to_owned(), ..order("pm_card_visa") };
    let server = Server::answering(200, with(&order, "status", json!("requires_confirmation"))).await;
    let refused = Answer::Declined { reason: reason::REFUSED_BY_GATEWAY, code: None };
    assert_eq!(server.open(&order).await.unwrap(), Opened::Refused(refused));
    assert!(server.paths().is_empty());
}

#[rstest]
#[case(500, Consequence::Transient, "gateway_unavailable")]
#[case(503, Consequence::Transient, "gateway_unavailable")]
#[case(504, Consequence::Transient, "gateway_timeout")]
#[case(409, Consequence::Transient, "gateway_busy")]
#[case(429, Consequence::Transient, "gateway_busy")]
#[case(302, Consequence::Transient, "gateway_unavailable")]
#[case(404, Consequence::Transient, "gateway_unavailable")]
#[case(401, Consequence::Fatal, "gateway_unauthorized")]
#[case(400, Consequence::Poison, "gateway_rejects_request")]
#[case(402, Consequence::Poison, "gateway_rejects_request")]
#[tokio::test]
async fn a_status_without_a_decision_is_a_fault(
    #[case] status: u16,
    #[case] consequence: Consequence,
    #[case] code: &str,
) {
    let server = Server::answering(status, json!({ "error": { "type": "other", "code": "other" } })).await;
    assert_eq!(fault(server.open(&order("tok_visa")).await), (consequence, code));
}

#[rstest]
#[case(200, "")]
#[case(200, "<html>maintenance</html>")]
#[case(200, r#"{"id": 1}"#)]
#[case(400, "bad request")]
#[tokio::test]
async fn an_answer_nobody_can_read_leaves_the_outcome_open(#[case] status: u16, #[case] body: &str) {
    let server = Server::answering(status, body).await;
    assert_eq!(
        fault(server.confirm(&order("tok_visa")).await),
        (Consequence::Transient, "gateway_unreadable")
    );
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_is_given_up_on_and_asked_again_later() {
    let server = Server::silent().await;
    let charged = client(&server.url, Duration::from_millis(50)).confirm(&order("tok_visa"), "pi_1").await;
    assert_eq!(fault(charged), (Consequence::Transient, "gateway_timeout"));
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_an_outage() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let charged = client(&url, Duration::from_secs(10)).open(&order("tok_visa"), true).await;
    assert_eq!(fault(charged), (Consequence::Transient, "gateway_unavailable"));
}

#[tokio::test]
async fn a_fault_names_neither_the_token_nor_the_address() {
    let order = order("tok_secret");
    let body = json!({ "error": { "type": "other", "code": "other", "message": "tok_secret" } });
    for status in [400, 500] {
        let server = Server::answering(status, &body).await;
        let fault = server.open(&order).await.unwrap_err();
        assert!(!format!("{fault} {fault:?}").contains("tok_secret"), "{fault:?}");
    }
}
