//! Sends a plan: each request when it is due, whatever became of those before it.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use reqwest::{Client, Response};
use serde_json::Value;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::Instant,
};
use uuid::Uuid;

use super::{Kind, Shot};

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of one request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Which shot of the plan it answers.
    pub number: usize,
    /// From whom it was.
    pub kind: Kind,
    /// What the server said.
    pub outcome: Outcome,
    /// From when it was due to the answer.
    pub latency: Duration,
    /// When the answer was there.
    pub at: Instant,
}

/// What the server said.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// 202.
    Accepted {
        /// The order's id.
        order_id: Uuid,
        /// Whether an earlier request was accepted with this answer.
        replayed: bool,
    },
    /// Another status, with the problem's code.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's code; empty when it was no problem+json.
        code: String,
    },
    /// No answer.
    Failed {
        /// Why, in a few words.
        what: String,
    },
}

/// A client for a load: no proxy, connections kept.
///
/// # Errors
/// When none can be made.
pub fn client() -> Result<Client> {
    Client::builder().no_proxy().timeout(PATIENCE).build().context("cannot make an HTTP client")
}

/// Sends `shots` to the intake at `url`, at most `in_flight` at once; one that has to wait for a place is late, and its
/// latency says so. Answers arrive on the channel as they come; it closes after the last.
pub fn send(client: Client, url: &str, shots: Vec<Shot>, in_flight: usize) -> mpsc::Receiver<Answer> {
    let (answers, receiver) = mpsc::channel(1_024);
    let url: Arc<str> = format!("{}/orders", url.trim_end_matches('/')).into();
    let places = Arc::new(Semaphore::new(in_flight.max(1)));
    // Ends by itself: when the plan is sent and answered, or when nobody listens any more.
    #[allow(clippy::disallowed_methods)]
    tokio::spawn(async move {
        let start = Instant::now();
        let mut requests = JoinSet::new();
        for (number, shot) in shots.into_iter().enumerate() {
            let due = start + shot.due;
            tokio::time::sleep_until(due).await;
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
            let (client, url, answered) = (client.clone(), Arc::clone(&url), answers.clone());
            requests.spawn(async move {
                let outcome = one(&client, &url, &shot).await;
                drop(place);
                let at = Instant::now();
                let answer = Answer { number, kind: shot.kind, outcome, latency: at - due, at };
                let _ = answered.send(answer).await;
            });
            while requests.try_join_next().is_some() {}
        }
        requests.join_all().await;
    });
    receiver
}

async fn one(client: &Client, url: &str, shot: &Shot) -> Outcome {
    let mut request = client
        .post(url)
        .json(&shot.body)
        .header("x-forwarded-for", &shot.ip)
        .header("cf-ipcountry", &shot.country);
    if let Some(key) = &shot.key {
        request = request.header("idempotency-key", key);
    }
    match request.send().await {
        Ok(response) => read(response).await,
        Err(error) if error.is_timeout() => Outcome::Failed { what: "timeout".to_owned() },
        Err(error) if error.is_connect() => Outcome::Failed { what: "no connection".to_owned() },
        Err(_) => Outcome::Failed { what: "connection broke".to_owned() },
    }
}

async fn read(response: Response) -> Outcome {
    let status = response.status().as_u16();
    let replayed = response.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
    let body: Value = response.json().await.unwrap_or_default();
    let order_id = body["order_id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    match (status, order_id) {
        (202, Some(order_id)) => Outcome::Accepted { order_id, replayed },
        _ => Outcome::Refused { status, code: body["code"].as_str().unwrap_or_default().to_owned() },
    }
}
