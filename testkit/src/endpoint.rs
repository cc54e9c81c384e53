//! An endpoint of webhooks: keeps what it is sent, and answers as it is told to.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{Duration, Instant, sleep},
};

/// How long whoever waits for webhooks waits: a service may be started meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// With this status.
    Status(u16),
    /// Not before anybody has given up.
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
    /// `content-type`.
    pub content_type: String,
    /// The bytes that are signed.
    pub body: Vec<u8>,
    /// How it was answered.
    pub answer: Answer,
}

#[derive(Clone)]
struct Desk(Arc<Mutex<(Answer, Vec<Received>)>>);

/// The endpoint. Gone when dropped.
pub struct Endpoint {
    /// Where webhooks go.
    pub url: String,
    desk: Desk,
    _serving: JoinSet<()>,
}

impl Endpoint {
    /// One that answers so.
    pub async fn start(answer: Answer) -> Self {
        let desk = Desk(Arc::new(Mutex::new((answer, Vec::new()))));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let routes = Router::new().fallback(take).with_state(desk.clone());
        let serving = JoinSet::from_iter([async move { axum::serve(listener, routes).await.unwrap() }]);
        Self { url, desk, _serving: serving }
    }

    /// Answers so from now on.
    pub fn answers(&self, answer: Answer) {
        self.desk.0.lock().unwrap().0 = answer;
    }

    /// Everything that came, in its order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.desk.0.lock().unwrap().1.clone()
    }

    /// Waits until so much has come.
    pub async fn has_received(&self, count: usize) -> Vec<Received> {
        enough(count, || self.received()).await
    }

    /// What it has taken, in its order.
    #[must_use]
    pub fn taken(&self) -> Vec<Received> {
        let mut all = self.received();
        all.retain(|one| one.answer == Answer::Status(204));
        all
    }

    /// Waits until it has taken so much.
    pub async fn has_taken(&self, count: usize) -> Vec<Received> {
        enough(count, || self.taken()).await
    }
}

async fn enough(count: usize, look: impl Fn() -> Vec<Received>) -> Vec<Received> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = look();
        if found.len() >= count {
            return found;
        }
        assert!(Instant::now() < deadline, "{} of {count} webhooks", found.len());
        sleep(Duration::from_millis(20)).await;
    }
}

async fn take(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let answer = {
        let mut desk = desk.0.lock().unwrap();
        let answer = desk.0;
        desk.1.push(Received {
            id: text("webhook-id"),
            timestamp: text("webhook-timestamp"),
            signature: text("webhook-signature"),
            content_type: text("content-type"),
            body: body.to_vec(),
            answer,
        });
        answer
    };
    match answer {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::Elsewhere => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        Answer::Never => std::future::pending().await,
    }
}
