//! What the gateway says by itself: each change of an intent as a signed call, after Stripe's webhooks
//! (<https://docs.stripe.com/webhooks>). Those that are not answered with 2xx are sent again. They are in memory: a
//! simulator that is stopped forgets what it had still to say.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::Router;
use axum::response::Response;
use axum::routing::put;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use reqwest::{Client, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::call::Call;
use crate::claims::locked;
use crate::desk::Desk;
use crate::gateway::{Gateway, GatewayFaults, Kind, LedgerLine};
use crate::reply::Reply;

/// How often one is sent before it is given up; Stripe goes on for three days.
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(10);

/// Who is called, and with which secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The address; none is called while it is empty.
    #[serde(default)]
    pub url: String,
    /// The secret it is signed with.
    #[serde(default)]
    pub secret: String,
}

/// What happens, with the fault switches as they are then.
type Lines = mpsc::UnboundedReceiver<(Arc<LedgerLine>, GatewayFaults)>;

/// Calls back.
pub struct Callbacks {
    desk: Arc<Desk<Gateway>>,
    lines: Mutex<Option<Lines>>,
    target: Mutex<Target>,
    dice: Mutex<Xoshiro256PlusPlus>,
    client: Client,
}

impl Callbacks {
    /// Calls this target back with all that happens at the desk from now on.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(desk: Arc<Desk<Gateway>>, target: Target, seed: u64) -> reqwest::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            lines: Mutex::new(Some(desk.listen())),
            desk,
            target: Mutex::new(target),
            dice: Mutex::new(Xoshiro256PlusPlus::seed_from_u64(seed)),
            client: Client::builder().timeout(PATIENCE).build()?,
        }))
    }

    /// `PUT /webhooks`: calls another target from now on.
    pub fn routes(self: &Arc<Self>) -> Router<Arc<Desk<Gateway>>> {
        let callbacks = Arc::clone(self);
        let change = async move |call: Call| -> Response {
            match call.request::<Target>() {
                Ok(target) => {
                    *locked(&callbacks.target) = target;
                    Reply::ok(&json!({})).respond(false)
                }
                Err(refusal) => callbacks.desk.refuse(&refusal),
            }
        };
        Router::new().route("/webhooks", put(change))
    }

    /// Calls back until the desk is gone.
    pub async fn run(self: Arc<Self>) {
        let Some(mut lines) = locked(&self.lines).take() else { return };
        let mut calls = JoinSet::new();
        while let Some((line, faults)) = lines.recv().await {
            let target = locked(&self.target).clone();
            if let (Some(event), false) = (event(&line), target.url.is_empty()) {
                for delay in self.fate(&faults) {
                    calls.spawn(self.clone().call(target.clone(), event.clone(), delay));
                }
            }
            while calls.try_join_next().is_some() {}
        }
    }

    /// When to send a callback: once, twice or never.
    fn fate(&self, faults: &GatewayFaults) -> Vec<Duration> {
        let [lost, twice, first, second]: [f64; 4] = locked(&self.dice).random();
        let delay = |draw| Duration::from_secs_f64(faults.callback_delay_ms.at(draw) / 1_000.0);
        if faults.lost_callback_rate.hits(lost) {
            Vec::new()
        } else if faults.duplicate_callback_rate.hits(twice) {
            vec![delay(first), delay(second)]
        } else {
            vec![delay(first)]
        }
    }

    async fn call(self: Arc<Self>, target: Target, event: String, delay: Duration) {
        tokio::time::sleep(delay).await;
        let mut pause = FIRST_PAUSE;
        for _ in 0..ATTEMPTS {
            let signature = signature(&target.secret, self.desk.now().as_second(), &event);
            let request = self.client.post(&target.url).header("Stripe-Signature", signature);
            let request = request.header(header::CONTENT_TYPE, "application/json; charset=utf-8");
            match request.body(event.clone()).send().await {
                Ok(response) if response.status().is_success() => return,
                Ok(response) => tracing::debug!(status = %response.status(), "a callback is not taken"),
                Err(_) => tracing::debug!("a callback does not arrive"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        tracing::warn!("a callback is given up");
    }
}

/// The header that proves who calls: the time and the body under the secret.
#[must_use]
pub fn signature(secret: &str, at: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(tag))
}

/// What is said of a line, in Stripe's words; nothing of a refund, which is made at once.
fn event(line: &LedgerLine) -> Option<String> {
    let entry = &line.entry;
    let kind = match entry.kind {
        Kind::Intent => "payment_intent.created",
        Kind::Action => "payment_intent.requires_action",
        Kind::Charge => "payment_intent.succeeded",
        Kind::Decline => "payment_intent.payment_failed",
        Kind::Void => "payment_intent.canceled",
        Kind::Refund => return None,
    };
    let event = json!({
        "id": format!("evt_{}_{}", line.sequence, entry.intent_id.trim_start_matches("pi_")),
        "object": "event",
        "type": kind,
        "created": line.at.as_second(),
        "livemode": false,
        "data": { "object": entry.intent },
    });
    Some(event.to_string())
}
