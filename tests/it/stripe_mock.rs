//! The adapter's requests, against Stripe's own description of its API: stripe-mock refuses what does not fit it. What it
//! answers is canned, so a proxy in between puts the order into it.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::Request};
use clap::Parser;
use orderflow::{
    events::{Order, OrderPlaced},
    schemas,
};
use orderflow_stack::free_port;
use orderflow_tests::eventually;
use payment::{
    config::Settings,
    gateway::{Answer, Gateway, Opened, Standing},
    http_gateway::HttpGateway,
};
use reqwest::Client;
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, task::JoinSet};

/// The version whose description has the API's version that is spoken.
const MODULE: &str = "github.com/stripe/stripe-mock@v0.203.0";

/// stripe-mock as a process.
struct StripeMock {
    process: Child,
    url: String,
}

impl Drop for StripeMock {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl StripeMock {
    /// Starts it; `None`, and a line that says why, where it cannot be had.
    async fn start() -> Option<Self> {
        let program = PROGRAM.as_ref()?;
        let [address, over_tls] = [(); 2].map(|()| format!("127.0.0.1:{}", free_port().unwrap()));
        let process = Command::new(program)
            .args(["-strict-version-check", "-http-addr", &address, "-https-addr", &over_tls])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mock = Self { process, url: format!("http://{address}") };
        eventually("stripe-mock to listen", async || {
            tokio::net::TcpStream::connect(&address).await.map(drop).map_err(|error| error.to_string())
        })
        .await;
        Some(mock)
    }
}

static PROGRAM: LazyLock<Option<PathBuf>> = LazyLock::new(install);

/// Builds it once, in a folder of the cache, so that the next run finds it.
fn install() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let version = MODULE.rsplit_once('@').unwrap().1;
    let folder = cache.join("orderflow/stripe-mock").join(version);
    let program = folder.join("stripe-mock");
    if program.is_file() {
        return Some(program);
    }
    let installed = Command::new("go").args(["install", MODULE]).env("GOBIN", &folder).output();
    match installed {
        Err(_) => println!("skipped: Go is missing"),
        Ok(output) if output.status.success() => return Some(program),
        Ok(_) => println!("skipped: stripe-mock cannot be fetched"),
    }
    None
}

/// What every answer is changed to, and what was asked: method and path, and the status.
struct Proxy {
    url: String,
    asked: Arc<Mutex<Vec<(String, u16)>>>,
    says: Arc<Mutex<Map<String, Value>>>,
    _serving: JoinSet<()>,
}

impl Proxy {
    async fn to(mock: &StripeMock) -> Self {
        let asked = Arc::<Mutex<Vec<(String, u16)>>>::default();
        let says = Arc::<Mutex<Map<String, Value>>>::default();
        let (log, change, target, client) = (asked.clone(), says.clone(), mock.url.clone(), Client::new());
        let forward = async move |request: Request| {
            let (parts, body) = request.into_parts();
            let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let path = parts.uri.path_and_query().unwrap().to_string();
            let request = client.request(parts.method.clone(), format!("{target}{path}"));
            let mut headers = parts.headers;
            headers.remove("host");
            let answer = request.headers(headers).body(body).send().await.unwrap();
            let status = answer.status();
            let mut answer: Value = answer.json().await.unwrap();
            log.lock().unwrap().push((format!("{} {}", parts.method, parts.uri.path()), status.as_u16()));
            put(&mut answer, &change.lock().unwrap());
            (status, answer.to_string())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(forward);
        let serving = JoinSet::from_iter([async move { axum::serve(listener, router).await.unwrap() }]);
        Self { url, asked, says, _serving: serving }
    }

    /// What intents and refunds say from now on.
    fn says(&self, order: &Order, more: Value) {
        let says = json!({
            "id": "pi_1", "payment_intent": "pi_1", "amount": order.total, "amount_received": order.total,
            "currency": order.currency.to_lowercase(), "metadata": { "order_id": order.order_id },
            "last_payment_error": null,
        });
        let (Value::Object(mut says), Value::Object(more)) = (says, more) else { panic!("an object") };
        says.extend(more);
        *self.says.lock().unwrap() = says;
    }
}

/// Puts these fields into an intent or a refund, or into each of a list.
fn put(answer: &mut Value, fields: &Map<String, Value>) {
    match answer.get_mut("data").and_then(Value::as_array_mut) {
        Some(items) => items.iter_mut().for_each(|item| put(item, fields)),
        None => answer.as_object_mut().unwrap().extend(fields.clone()),
    }
}

#[tokio::test]
async fn every_request_fits_stripes_own_description_of_its_api() {
    let Some(mock) = StripeMock::start().await else { return };
    let proxy = Proxy::to(&mock).await;
    let (_, example) = schemas::examples("orders", "OrderPlaced").remove(0);
    let mut order = (*serde_json::from_str::<OrderPlaced>(example).unwrap().order).clone();
    order.payment_token = "pm_card_visa".to_owned();
    let arguments = ["payment", "--gateway-url", &proxy.url, "--gateway-token", "sk_test_123"];
    let arguments = arguments.into_iter().chain(["--gateway-return-url", "https://shop.example/back"]);
    let gateway = HttpGateway::new(&Settings::parse_from(arguments).gateway).unwrap();
    let charged = Answer::Charged { intent_id: "pi_1".to_owned() };

    proxy.says(&order, json!({ "status": "requires_confirmation" }));
    assert_eq!(gateway.open(&order, true).await.unwrap(), Opened::Fresh { intent_id: "pi_1".to_owned() });
    assert_eq!(gateway.open(&order, false).await.unwrap(), Opened::Known { intent_id: "pi_1".to_owned() });
    assert_eq!(gateway.look(&order, "pi_1").await.unwrap(), Standing::Unconfirmed);
    proxy.says(&order, json!({ "status": "requires_action" }));
    assert_eq!(gateway.confirm(&order, "pi_1").await.unwrap(), Standing::Waiting);
    proxy.says(&order, json!({ "status": "canceled" }));
    assert_eq!(gateway.void(&order, Some("pi_1")).await.unwrap(), Answer::Voided);
    proxy.says(&order, json!({ "status": "succeeded" }));
    assert_eq!(gateway.find(&order).await.unwrap(), Some(charged));
    assert_eq!(gateway.refund(&order, "pi_1").await.unwrap().refund_id, "pi_1");
    proxy.says(&order, json!({ "status": "succeeded", "amount_refunded": order.total }));
    assert_eq!(gateway.refund(&order, "pi_1").await.unwrap().refund_id, "pi_1", "found in the list");

    let asked = proxy.asked.lock().unwrap().clone();
    let mut paths: Vec<&str> = asked.iter().map(|(path, _)| path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    let expected = [
        "GET /v1/payment_intents/pi_1",
        "GET /v1/payment_intents/search",
        "GET /v1/refunds",
        "POST /v1/payment_intents",
        "POST /v1/payment_intents/pi_1/cancel",
        "POST /v1/payment_intents/pi_1/confirm",
        "POST /v1/refunds",
    ];
    assert_eq!(paths, expected);
    assert!(asked.iter().all(|(_, status)| *status == 200), "{asked:?}");
}

/// Else the test above would show nothing.
#[tokio::test]
async fn stripe_mock_refuses_what_does_not_fit() {
    let Some(mock) = StripeMock::start().await else { return };
    let client = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    let post = async |form: &'static [(&str, &str)], version: &str| {
        let request = client.post(format!("{}/v1/payment_intents", mock.url)).bearer_auth("sk_test_123");
        let answer = request.header("Stripe-Version", version).form(form).send().await.unwrap();
        answer.status().as_u16()
    };
    let version = payment::stripe::VERSION;
    assert_eq!(post(&[("amount", "100"), ("currency", "eur")], version).await, 200);
    assert_eq!(post(&[("amount", "100"), ("currency", "eur"), ("colour", "red")], version).await, 400);
    assert_eq!(post(&[("amount", "much"), ("currency", "eur")], version).await, 400);
    assert_eq!(post(&[("amount", "100"), ("currency", "eur")], "2020-01-01").await, 400);
}
