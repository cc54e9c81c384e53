//! `orderflow load --compare-telemetry`: what spans cost, measured against none on the same servers in one run.

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use axum::{Router, body::Bytes, http::StatusCode, routing::post};
use orderflow::topics::{FRAUD, INVENTORY, PAYMENTS, SHIPPING};
use orderflow_stack::{Binaries, Choice, Servers, build};
use serde::Serialize;
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::Instant};
use uuid::Uuid;

use super::{new_run, print, print_json};
use crate::{
    environment::{Environment, Options, ShippedModel},
    load::{Mix, Outcome, Shop, client, plan, send},
    log::{Entry, Follower},
};

/// The share of traces that is kept.
const SAMPLED: &str = "0.1";
/// What telemetry may cost of the throughput.
const GOAL: f64 = 0.05;
/// Customers who wait for an answer at the same time: enough to keep services busy.
const IN_FLIGHT: usize = 64;
/// So long without another order that ends, and something is broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// Only who comes, pays and gets the parcel: every turn is the same work.
const ORDINARY: Mix = Mix {
    repeat: 0,
    guest: 0,
    declined: 0,
    scarce: 0,
    card_testing: 0,
    new_account_abroad: 0,
    traveller: 0,
    undeliverable: 0,
    regretted: 0,
    duplicate: 0,
};
/// With one of these an order is done, or waits for a person.
const ENDS: [&str; 6] = [
    "ShippingLabelGenerated",
    "OrderHeldForReview",
    "OrderFraudDetected",
    "InventoryShortage",
    "PaymentFailed",
    "PaymentRefunded",
];

/// A shop, and which of its orders have come to an end.
struct Measured {
    environment: Environment,
    ended: watch::Receiver<(usize, Option<Instant>)>,
    _follower: Follower,
}

/// Orders a second without spans and with them, turn by turn.
#[derive(Debug, Serialize)]
struct Compared {
    orders: u32,
    sampled: &'static str,
    /// Bytes of spans that the collector was sent.
    collected_bytes: u64,
    without: Vec<f64>,
    with: Vec<f64>,
    /// Of each pair, what telemetry leaves of the throughput.
    ratios: Vec<f64>,
    /// The median of those.
    ratio: f64,
}

/// Compares: `repeats` turns of each, one after the other, of so many orders as fast as they are answered.
///
/// # Errors
/// When something does not start, or an order comes to no end.
pub(super) async fn compare(orders: u32, repeats: u8, seed: u64, json: bool) -> Result<bool> {
    let (binaries, servers) = tokio::try_join!(build(), async { Servers::start(Choice::from_env()?).await })?;
    let sink = Sink::start().await?;
    let of = |variables| Measured::open(&servers, &binaries, variables);
    let (without, with) = (of(Vec::new()).await?, of(sink.variables()).await?);
    // Once each for nothing: connections, caches and Kafka's own.
    for shop in [&without, &with] {
        shop.turn(orders.div_ceil(4), seed).await?;
    }
    let before = sink.bytes();
    let mut turns = (Vec::new(), Vec::new());
    for repeat in 0..u64::from(repeats) {
        turns.0.push(without.turn(orders, seed + repeat).await?);
        turns.1.push(with.turn(orders, seed + repeat).await?);
        eprintln!(
            "{:.1} orders a second without, {:.1} with",
            turns.0[turns.0.len() - 1],
            turns.1[turns.1.len() - 1]
        );
    }
    let collected_bytes = sink.bytes() - before;
    ensure!(collected_bytes > 0, "no span was sent: nothing was compared");
    let compared = Compared::of(orders, collected_bytes, turns);
    if json {
        print_json(&compared)?
    } else {
        print(&compared)?
    }
    let mut unclean = Vec::new();
    for shop in [without, with] {
        unclean.extend(shop.environment.stop().await);
    }
    let _ = tokio::task::spawn_blocking(move || drop(servers)).await; // ending a broker blocks
    ensure!(unclean.is_empty(), "did not end well: {}", unclean.join(", "));
    Ok(true)
}

impl Measured {
    async fn open(servers: &Servers, binaries: &Binaries, variables: Vec<(String, String)>) -> Result<Self> {
        let options = Options {
            prefix: format!("telemetry-{}.", new_run()),
            partitions: Some(2),
            variables,
            model: Some(ShippedModel { onnxruntime: None }),
            ..Options::default()
        };
        let environment = Environment::start(servers, binaries.clone(), options).await?;
        let (tell, ended) = watch::channel((0, None));
        let known = Mutex::<HashSet<Uuid>>::default();
        let hear = move |entry: Entry| {
            let Some(order) = entry.order_id().filter(|_| ENDS.contains(&entry.record())) else { return };
            if known.lock().unwrap_or_else(PoisonError::into_inner).insert(order) {
                tell.send_modify(|(count, last)| (*count, *last) = (*count + 1, Some(Instant::now())));
            }
        };
        let topics = [FRAUD, INVENTORY, PAYMENTS, SHIPPING];
        let follower =
            Follower::start(&environment.kafka_config(), &environment.names(), &topics, hear).await?;
        Ok(Self { environment, ended, _follower: follower })
    }

    /// Orders a second, from the first request to the last order's end.
    async fn turn(&self, orders: u32, seed: u64) -> Result<f64> {
        let (client, url) = (client()?, self.environment.intake_url()?);
        let shop = Shop::ask(&client, &url).await?;
        let shots = plan(&shop, orders as usize, 100_000.0, seed, &new_run(), &ORDINARY);
        let mut ended = self.ended.clone();
        let wanted = ended.borrow().0 + shots.len();
        let begun = Instant::now();
        let mut answers = send(client, &url, shots, IN_FLIGHT);
        while let Some(answer) = answers.recv().await {
            if !matches!(answer.outcome, Outcome::Accepted { .. }) {
                bail!("an order was not accepted: {:?}", answer.outcome);
            }
        }
        loop {
            let (count, last) = *ended.borrow_and_update();
            if let Some(last) = last.filter(|_| count >= wanted) {
                return Ok(f64::from(orders) / (last - begun).as_secs_f64());
            }
            let more = tokio::time::timeout(PATIENCE, ended.changed()).await;
            more.with_context(|| format!("{} orders come to no end", wanted - count))??;
        }
    }
}

/// A collector that takes spans and drops them.
struct Sink {
    url: String,
    bytes: Arc<AtomicU64>,
    _server: JoinSet<()>,
}

impl Sink {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for a collector")?;
        let url = format!("http://{}", listener.local_addr()?);
        let bytes = Arc::<AtomicU64>::default();
        let count = Arc::clone(&bytes);
        let take = move |body: Bytes| async move {
            count.fetch_add(body.len() as u64, Ordering::Relaxed);
            StatusCode::OK
        };
        let mut server = JoinSet::new();
        let routes = Router::new().route("/v1/traces", post(take));
        server.spawn(async move {
            let _ = axum::serve(listener, routes).await; // it ends with this process
        });
        Ok(Self { url, bytes, _server: server })
    }

    fn variables(&self) -> Vec<(String, String)> {
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", self.url.as_str()),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", SAMPLED),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Compared {
    fn of(orders: u32, collected_bytes: u64, (without, with): (Vec<f64>, Vec<f64>)) -> Self {
        let ratios: Vec<f64> = without.iter().zip(&with).map(|(without, with)| with / without).collect();
        let ratio = median(ratios.clone());
        Self { orders, sampled: SAMPLED, collected_bytes, without, with, ratios, ratio }
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let (low, high) = (numbers.len().saturating_sub(1) / 2, numbers.len() / 2);
    match (numbers.get(low), numbers.get(high)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => f64::NAN,
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |numbers: &[f64], digits: usize| {
            numbers.iter().map(|number| format!("{number:.digits$}")).collect::<Vec<_>>().join("  ")
        };
        writeln!(f, "orders a second, {} orders a turn, turn by turn", self.orders)?;
        writeln!(f, "  without spans      {}", list(&self.without, 1))?;
        writeln!(f, "  with {SAMPLED} of them   {}", list(&self.with, 1))?;
        writeln!(f, "  ratio of each pair {}", list(&self.ratios, 3))?;
        let met = if self.ratio > 1.0 - GOAL { "met" } else { "not met" };
        write!(
            f,
            "throughput with telemetry: {:.3} of that without (median; goal above {:.2}: {met})",
            self.ratio,
            1.0 - GOAL
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_median_of_pairs_of_turns_next_to_each_other() {
        let compared = Compared::of(1, 1, (vec![100.0, 50.0, 200.0], vec![90.0, 50.0, 196.0]));
        assert_eq!(compared.ratios, [0.9, 1.0, 0.98]);
        assert!((compared.ratio - 0.98).abs() < 1e-9);
        assert!(
            compared.to_string().contains("0.980 of that without (median; goal above 0.95: met)"),
            "{compared}"
        );
        assert!((median(vec![3.0, 1.0]) - 2.0).abs() < 1e-9);
    }
}
