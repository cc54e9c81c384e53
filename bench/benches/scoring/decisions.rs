//! Everything a decision takes: features, score and reasons; in memory, and as the service does it with Redis.

use std::time::Instant;

use anyhow::{Context, Result};
use bench::{Report, Timing};
use fraud_model::features::Memory;
use fraud_scoring::{
    domain::Policy,
    families,
    model::Version,
    on_order_placed::OnOrderPlaced,
    profiles::Profiles,
    rules::Limits,
    scorer::{Scorer, Scores, Seen},
};
use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    envelope::{Envelope, Tried, ids},
    events::{Order, OrderPlaced, Record},
    fault::Fault,
    step::{Origin, Received, Step},
    trace::TraceContext,
};
use orderflow_model::{Package, manifest::Thresholds};
use orderflow_testkit::RedisServer;

use crate::{BATCHES, orders::Orders};

/// The limits of amounts that the service has unless a setting says otherwise, minor units.
const LIMITS: Limits = Limits { high: 100_000, small: 1_000 };

/// Prints what an order takes, with this model; returns what one by itself takes with Redis (p50, µs), where there is
/// one.
pub async fn measure(orders: &Orders, model: Package) -> Result<Option<f64>> {
    let thresholds = model.manifest().thresholds.context("the model has no thresholds")?;
    let engine = model.engine().name();
    let mut report = Report::new("features, score and reasons");
    for batch in BATCHES {
        let timing = in_memory(orders, &model, thresholds, batch as usize)?;
        report.row(&format!("in memory, {engine}"), batch, &timing, timing.per_second());
    }
    let one = match RedisServer::start() {
        Some(redis) => Some(with_redis(orders, &redis, model, thresholds, &mut report).await?),
        None => {
            println!("skipped: what Redis adds (no redis-server on PATH)");
            None
        }
    };
    println!("\n{report}");
    Ok(one)
}

fn in_memory(orders: &Orders, model: &Package, thresholds: Thresholds, batch: usize) -> Result<Timing> {
    let (mut memory, mut timing) = (Memory::default(), Timing::default());
    for order in &orders.before {
        memory.see(order);
    }
    for batch in orders.scored.chunks_exact(batch) {
        timing.of(batch.len(), || decide(batch, &mut memory, model, thresholds))?;
    }
    Ok(timing)
}

fn decide(batch: &[Order], memory: &mut Memory, model: &Package, thresholds: Thresholds) -> Result<usize> {
    let vectors: Vec<_> = batch.iter().map(|order| memory.see(order).vector).collect();
    let scores = model.score(vectors.as_flattened())?;
    let mut reasons = 0;
    for (vector, score) in
        vectors.iter().zip(scores).filter(|(_, score)| f64::from(*score) >= thresholds.hold)
    {
        reasons += families::reasons(score.into(), &model.explain(vector)?.contributions).len();
    }
    Ok(reasons)
}

/// One version of the model, whatever happens.
struct ByModel(Version);

impl Scorer for ByModel {
    fn score(&self, batch: &[Seen]) -> Result<Scores, Fault> {
        let run = self.0.score(&batch.iter().collect::<Vec<_>>());
        Ok(run.map_err(|error| Fault::fatal("model_failed", error.to_string()))?.scores.into())
    }
}

/// The service's own step on a Redis of its own: histories read and written, the decision kept.
async fn with_redis(
    orders: &Orders,
    redis: &RedisServer,
    model: Package,
    thresholds: Thresholds,
    report: &mut Report,
) -> Result<f64> {
    let engine = model.engine().name();
    let scorer = ByModel(Version {
        name: model.manifest().version.clone(),
        engine,
        fingerprint: model.fingerprint(),
        reference: None,
        model: Box::new(model),
        thresholds,
        explain_from: thresholds.hold,
        published: None,
    });
    let policy = Policy { threshold: None, hold_threshold: None, review_time: SignedDuration::from_mins(30) };
    let profiles = Profiles::new(redis.fresh().await, LIMITS.small);
    let mut one = f64::INFINITY;
    let mut step = OnOrderPlaced { profiles, scorer, policy, clock: Clock::system() };
    for batch in BATCHES {
        let state = redis.fresh().await;
        step.profiles = Profiles::new(state, LIMITS.small);
        for before in orders.before.chunks(256) {
            step.handle(&received(before)).await?;
        }
        let mut timing = Timing::default();
        for scored in orders.scored.chunks_exact(batch as usize) {
            let scored = received(scored);
            let began = Instant::now();
            std::hint::black_box(step.handle(&scored).await?);
            timing.took(scored.len(), began.elapsed());
        }
        report.row(&format!("with Redis, {engine}"), batch, &timing, timing.per_second());
        if batch == 1 {
            one = timing.micros(0.5);
        }
    }
    Ok(one)
}

fn received(orders: &[Order]) -> Vec<Received<OrderPlaced>> {
    orders.iter().map(placed).collect()
}

/// An order as it comes off the topic.
fn placed(order: &Order) -> Received<OrderPlaced> {
    let event = OrderPlaced {
        order: order.clone().into(),
        principal: "anonymous".into(),
        idempotency_key_hash: None,
        request_hash: String::new(),
    };
    let time = event.occurred_at();
    let envelope = Envelope {
        id: ids::of_root(&order.order_id.to_string(), "placed"),
        source: "order-intake".into(),
        kind: OrderPlaced::full_name(),
        time,
        subject: event.key(),
        dataschema: None,
        correlation_id: "bench".into(),
        causation_id: None,
        trace: TraceContext::root(),
        tried: Tried::default(),
    };
    Received {
        event,
        envelope,
        origin: Origin { topic: OrderPlaced::TOPIC, partition: 0, offset: 0, timestamp: time },
    }
}
