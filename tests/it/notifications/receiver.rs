//! An endpoint: keeps what it is sent, and answers as it is told to.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::hmac;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use orderflow_tests::eventually;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// With this status.
    Status(u16),
    /// Not at all, for longer than anybody waits.
    Never,
    /// See another path of its own.
    Elsewhere,
}

/// A webhook as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signature: String,
    /// The bytes that are signed.
    pub body: Vec<u8>,
    /// How it was answered.
    pub answer: Answer,
}

impl Received {
    /// The public name of its event.
    pub fn name(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["type"].as_str().unwrap().to_owned()
    }

    /// The order it is about.
    pub fn order(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["data"]["order_id"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether one of its signatures was made with this secret, as a receiver would check it.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = [format!("{}.{}.", self.id, self.timestamp).as_bytes(), &self.body].concat();
        let expected = format!("v1,{}", STANDARD.encode(hmac::sign(&key, &signed)));
        self.signature.split(' ').any(|one| one == expected)
    }
}

#[derive(Clone)]
struct Desk {
    answer: Arc<Mutex<Answer>>,
    received: Arc<Mutex<Vec<Received>>>,
}

/// The endpoint. Gone when dropped.
pub struct Receiver {
    pub url: String,
    desk: Desk,
    _serving: JoinSet<()>,
}

impl Receiver {
    /// One that answers so.
    pub async fn start(answer: Answer) -> Self {
        let desk = Desk { answer: Arc::new(Mutex::new(answer)), received: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let routes = Router::new().fallback(take).with_state(desk.clone());
        let serving = JoinSet::from_iter([async move { axum::serve(listener, routes).await.unwrap() }]);
        Self { url, desk, _serving: serving }
    }

    /// Answers so from now on.
    pub fn answers(&self, answer: Answer) {
        *self.desk.answer.lock().unwrap() = answer;
    }

    /// Everything that came, in its order.
    pub fn received(&self) -> Vec<Received> {
        self.desk.received.lock().unwrap().clone()
    }

    /// What it has taken, in its order.
    pub fn taken(&self) -> Vec<Received> {
        let mut all = self.received();
        all.retain(|one| one.answer == Answer::Status(204));
        all
    }

    /// Waits until so much has come.
    pub async fn has_received(&self, count: usize) -> Vec<Received> {
        enough(&self.url, count, || self.received()).await
    }

    /// Waits until it has taken so much.
    pub async fn has_taken(&self, count: usize) -> Vec<Received> {
        enough(&self.url, count, || self.taken()).await
    }
}

async fn enough(url: &str, count: usize, look: impl Fn() -> Vec<Received>) -> Vec<Received> {
    eventually(&format!("{count} webhooks at {url}"), async || {
        let found = look();
        if found.len() >= count {
            return Ok(found);
        }
        Err(found.iter().map(Received::name).collect::<Vec<_>>().join(", "))
    })
    .await
}

async fn take(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = *desk.answer.lock().unwrap();
    let text =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    desk.received.lock().unwrap().push(Received {
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp"),
        signature: text("webhook-signature"),
        body: body.to_vec(),
        answer,
    });
    match answer {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::Elsewhere => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        Answer::Never => {
            // Longer than a whole test: whoever waits gives up first.
            tokio::time::sleep(Duration::from_secs(3600)).await;
            StatusCode::NO_CONTENT.into_response()
        }
    }
}
