//! The load: customers come at a steady pace whatever becomes of those before them, and behave as customers do. They
//! repeat a request under its key until they have an answer, some also after that; some take their order back.

use std::{sync::Arc, time::Duration};

use orderflow_cli::environment::Environment;
use reqwest::StatusCode;
use serde_json::json;
use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};
use uuid::Uuid;

use super::{dice::Dice, evidence::Sent, ground::Ground, journal};
use crate::Request;

/// Between a request without an answer and its repeat.
const AGAIN: Duration = Duration::from_millis(500);
/// How often a customer repeats before it goes elsewhere: far longer than any outage here.
const TRIES: u32 = 600;

/// Lets customers in until there are to be no more, and waits for those that are in.
pub async fn open_doors(ground: Arc<Ground>, seed: u64, rate: f64, mut closing: watch::Receiver<bool>) {
    let mut due = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut inside = JoinSet::new();
    let mut number = 0_u64;
    loop {
        tokio::select! {
            _ = due.tick() => {}
            _ = closing.wait_for(|closing| *closing) => break,
        }
        inside.spawn(customer(Arc::clone(&ground), Dice::of(seed, ("customer", number)), number));
        if number % 25 == 24 {
            inside.spawn(adjustment(Arc::clone(&ground), Dice::of(seed, ("stock", number))));
        }
        number += 1;
        while inside.try_join_next().is_some() {}
    }
    inside.join_all().await;
}

async fn customer(ground: Arc<Ground>, mut dice: Dice, number: u64) {
    let request = wish(&mut dice, number);
    let key = Uuid::new_v4().to_string();
    let Some(order) = place(&ground, &mut dice, &request, &key).await else { return };
    if dice.percent(10) {
        tokio::time::sleep(dice.millis(0, 4_000)).await;
        place(&ground, &mut dice, &request, &key).await;
    }
    if dice.percent(8) {
        tokio::time::sleep(dice.millis(0, 3_000)).await;
        cancel(&ground, &mut dice, order).await;
    }
}

/// What a customer wants: most want what can be had.
fn wish(dice: &mut Dice, number: u64) -> Request {
    if dice.percent(5) {
        return Request::suspicious();
    }
    if dice.percent(4) {
        return Request::undeliverable();
    }
    Request::mixed(usize::try_from(number).unwrap_or(0))
}

/// Places an order, at any intake, until there is an answer that will not change; the order.
async fn place(ground: &Ground, dice: &mut Dice, request: &Request, key: &str) -> Option<Uuid> {
    let body = serde_json::to_vec(&request.body).ok()?;
    let intakes = doors(&ground.environment, "order-intake");
    for _ in 0..TRIES {
        let url = format!("{}/orders", dice.one(&intakes)?);
        let post = ground
            .http
            .post(url)
            .header("idempotency-key", key)
            .header("cf-ipcountry", request.ip_country)
            .header("x-forwarded-for", "198.51.100.7");
        match ground.journal.send(Sent::Placed, key, post, body.clone()).await {
            Some((StatusCode::ACCEPTED, answer)) => return journal::order_id(&answer),
            Some((status, _)) if !passes(status) => return None,
            _ => tokio::time::sleep(AGAIN).await,
        }
    }
    None
}

/// Takes an order back, until somebody has said yes or no.
async fn cancel(ground: &Ground, dice: &mut Dice, order: Uuid) {
    let desks = doors(&ground.environment, "order-status");
    let body = json!({ "reason": "changed my mind" }).to_string().into_bytes();
    for _ in 0..TRIES {
        let Some(desk) = dice.one(&desks) else { return };
        let post = ground.http.post(format!("{desk}/orders/{order}/cancel"));
        match ground.journal.send(Sent::Cancelled { order }, "", post, body.clone()).await {
            // Too late, or already asked for: that is an answer.
            Some((StatusCode::CONFLICT, _)) => return,
            // It may not have heard of the order yet.
            Some((status, _)) if status != StatusCode::NOT_FOUND && !passes(status) => return,
            _ => tokio::time::sleep(AGAIN).await,
        }
    }
}

/// Puts a little more on the shelf, or takes a little away.
async fn adjustment(ground: Arc<Ground>, mut dice: Dice) {
    let key = Uuid::new_v4().to_string();
    let delta = if dice.percent(70) { 5 } else { -3 };
    let kind = if delta > 0 { "receipt" } else { "correction" };
    let sku = dice.one(&["MUG", "TEA", "DEAR"]).copied().unwrap_or("MUG");
    let body = json!({ "sku": sku, "delta": delta, "kind": kind, "reason": "a count" }).to_string();
    let intakes = doors(&ground.environment, "order-intake");
    for _ in 0..TRIES {
        let Some(intake) = dice.one(&intakes) else { return };
        let post =
            ground.http.post(format!("{intake}/stock/adjustments")).header("idempotency-key", key.as_str());
        match ground.journal.send(Sent::Adjusted, &key, post, body.clone().into_bytes()).await {
            Some((status, _)) if !passes(status) => return,
            _ => tokio::time::sleep(AGAIN).await,
        }
    }
}

/// Whether an answer is for now only.
pub fn passes(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS)
}

/// The addresses of a service's instances.
pub fn doors(environment: &Environment, service: &str) -> Vec<String> {
    let instances = environment.instances();
    let own = instances.iter().filter(|instance| instance.service() == service);
    own.filter_map(|instance| instance.http_url().map(str::to_owned)).collect()
}
