//! Orders at a steady pace while something breaks. Each customer repeats its request until it is accepted, under its
//! own `Idempotency-Key`, as a shop's checkout does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use orderflow::order_state::State;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::{
    Request,
    waiting::{PATIENCE, eventually},
};

/// Time between two orders.
const PACE: Duration = Duration::from_millis(60);

/// An accepted order and what it must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The order.
    pub order_id: Uuid,
    /// Its final state.
    pub becomes: State,
}

/// Where orders are placed.
#[derive(Clone)]
pub struct Counter {
    http: Client,
    url: String,
}

impl Counter {
    /// At the intake with this address.
    #[must_use]
    pub fn at(intake: &str) -> Self {
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        Self { http, url: format!("{intake}/orders") }
    }

    /// Sends a request once.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, request: &Request) -> reqwest::Result<Response> {
        let mut post =
            self.http.post(&self.url).json(&request.body).header("cf-ipcountry", request.ip_country);
        // A proxy's word, so that customers differ; without it the country above is not believed either.
        post = post.header("x-forwarded-for", "198.51.100.7");
        if let Some(key) = &request.key {
            post = post.header("idempotency-key", key);
        }
        post.send().await
    }

    /// Sends a body as it is.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post_raw(&self, content_type: &str, body: Vec<u8>) -> reqwest::Result<Response> {
        self.http.post(&self.url).header("content-type", content_type).body(body).send().await
    }

    /// Repeats a request until it is accepted.
    pub async fn place(&self, request: &Request) -> Placed {
        let key = request.key.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
        let request = request.clone().keyed(&key);
        // Not `eventually`: its future cannot be spawned.
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.attempt(&request).await {
                Ok(order_id) => return Placed { order_id, becomes: request.becomes },
                Err(seen) => assert!(Instant::now() < deadline, "an order is not accepted: {seen:#}"),
            }
            tokio::time::sleep(PACE).await;
        }
    }

    async fn attempt(&self, request: &Request) -> Result<Uuid> {
        let response = self.post(request).await?;
        match response.status() {
            StatusCode::ACCEPTED => {
                let body: Value = response.json().await?;
                Ok(body["order_id"].as_str().context("no order id")?.parse()?)
            }
            // Repeat later with the same key: see order-intake's README.
            status @ (StatusCode::CONFLICT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE) => {
                bail!("{status}: {}", response.text().await?)
            }
            status => panic!("an order was refused: {status}: {}", response.text().await?),
        }
    }
}

/// A load under way.
pub struct Load {
    /// How many orders it is to be.
    wanted: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
    sending: JoinHandle<Vec<Placed>>,
}

impl Load {
    /// Begins to place `count` orders, or fewer where it is [enough](Self::enough) before, one after the other at a steady
    /// pace. `order` makes them by their number, from 0 on.
    #[must_use]
    #[allow(clippy::disallowed_methods)] // the handle is kept and awaited
    pub fn start(counter: Counter, count: usize, order: fn(usize) -> Request) -> Self {
        let (wanted, accepted) = (Arc::new(AtomicUsize::new(count)), Arc::new(AtomicUsize::new(0)));
        let (until, tell) = (Arc::clone(&wanted), Arc::clone(&accepted));
        let sending = tokio::spawn(async move {
            let mut due = tokio::time::interval(PACE);
            let mut placed = Vec::new();
            while placed.len() < until.load(Ordering::Relaxed) {
                due.tick().await;
                placed.push(counter.place(&order(placed.len())).await);
                tell.store(placed.len(), Ordering::Relaxed);
            }
            placed
        });
        Self { wanted, accepted, sending }
    }

    /// Waits until so many orders are accepted.
    pub async fn reached(&self, count: usize) {
        eventually("the load to go on", async || match self.accepted.load(Ordering::Relaxed) {
            accepted if accepted >= count => Ok(()),
            accepted => Err(format!("{accepted} of {count} orders accepted")),
        })
        .await;
    }

    /// Places no more, and says what was placed.
    pub async fn enough(self) -> Vec<Placed> {
        self.wanted.store(0, Ordering::Relaxed);
        self.all().await
    }

    /// Waits until all orders are accepted, and says which they are.
    pub async fn all(self) -> Vec<Placed> {
        self.sending.await.unwrap()
    }
}
