//! What a test does to a shop's processes, and what they say of themselves.

use std::{sync::Arc, time::Duration};

use orderflow::{events::InventoryReserved, topics::Topic};
use orderflow_cli::environment::Instance;
use orderflow_stack::logs::tail;
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    Request, Shop,
    groups::{lag, members},
    load::Placed,
    waiting::eventually,
};

/// A service has 10 s to finish its batch, commit and leave the group.
pub const SHUTDOWN: Duration = Duration::from_secs(10);

/// Tells an instance something at its operator endpoints.
///
/// # Errors
/// When it does not answer, or refuses.
pub async fn tell(http: &Client, instance: &Instance, path: &str, body: &Value) -> reqwest::Result<()> {
    let url = format!("{}/{path}", instance.operator_url());
    http.post(url).json(body).send().await?.error_for_status().map(drop)
}

impl Shop {
    /// An instance by name, such as `payment-0`.
    #[must_use]
    pub fn instance(&self, name: &str) -> Arc<Instance> {
        self.environment.instance(name).unwrap()
    }

    /// Kills an instance as a crash would.
    pub fn kill(&self, name: &str) {
        self.down().insert(name.to_owned());
        self.instance(name).kill_9().unwrap();
    }

    /// Starts an instance again where it was.
    pub async fn start_again(&self, name: &str) {
        self.instance(name).start_again().await.unwrap();
        self.down().remove(name);
    }

    /// Asks an instance to end; it must do so by itself, well, and within [`SHUTDOWN`].
    pub async fn terminate(&self, name: &str) {
        self.down().insert(name.to_owned());
        let process = self.instance(name).process().unwrap();
        process.terminate();
        // A loaded machine gets a little more than the service gives itself.
        let ended = process.wait(SHUTDOWN + Duration::from_secs(2)).await;
        let status = ended.unwrap_or_else(|error| panic!("{name} does not end: {error:#}"));
        assert!(status.success(), "{name} ended with {status}:\n{}", tail(process.log()));
    }

    /// Has an instance kill itself the `passes`-th time it comes to this point.
    pub async fn arm(&self, name: &str, point: &str, passes: u32) {
        self.down().insert(name.to_owned());
        self.operate(name, "faults/kill-point", json!({ "point": point, "passes": passes })).await;
    }

    /// Has what an instance does at this point fail the `passes`-th time, once.
    pub async fn fail(&self, name: &str, point: &str, passes: u32) {
        let body = json!({ "point": point, "passes": passes, "action": "fail" });
        self.operate(name, "faults/kill-point", body).await;
    }

    /// Waits until an armed instance has killed itself.
    pub async fn died(&self, name: &str) {
        eventually(&format!("{name} to come to its kill point"), async || {
            match self.instance(name).process().unwrap().is_running() {
                false => Ok(()),
                true => Err("it runs"),
            }
        })
        .await;
    }

    /// Has an instance refuse every record with this key or event id, and every run of the model's version of this name,
    /// from now on, or no longer.
    pub async fn refuse(&self, name: &str, key: &str, refused: bool) {
        self.operate(name, "faults/refuse", json!({ "key": key, "refused": refused })).await;
    }

    /// A good order whose payment shipping refuses, until it no longer [refuses](Self::refuse) the order's id.
    pub async fn place_refused_by_shipping(&self) -> Placed {
        self.terminate("payment-0").await;
        let placed = self.place(&Request::good()).await;
        let key = placed.order_id.to_string();
        self.record::<InventoryReserved>(&key).await;
        self.refuse("shipping-0", &key, true).await;
        self.start_again("payment-0").await;
        placed
    }

    /// Moves the clock of an instance.
    pub async fn move_clock(&self, name: &str, seconds: i64) {
        self.operate(name, "faults/clock", json!({ "offset_seconds": seconds })).await;
    }

    /// Sets fault switches of a simulator.
    pub async fn switch(&self, simulator: &Instance, faults: Value) {
        let url = format!("{}/faults", simulator.operator_url());
        self.http.patch(url).json(&faults).send().await.unwrap().error_for_status().unwrap();
    }

    async fn operate(&self, name: &str, path: &str, body: Value) {
        tell(&self.http, &self.instance(name), path, &body).await.unwrap();
    }

    /// The metrics of an instance, as Prometheus reads them.
    pub async fn metrics(&self, name: &str) -> String {
        let url = format!("{}/metrics", self.instance(name).operator_url());
        self.http.get(url).send().await.unwrap().text().await.unwrap()
    }

    /// The status with which an instance answers whether it is ready.
    pub async fn readiness(&self, name: &str) -> u16 {
        let url = format!("{}/health/ready", self.instance(name).operator_url());
        self.http.get(url).send().await.unwrap().status().as_u16()
    }

    /// Waits until an instance's readiness says this.
    pub async fn says(&self, name: &str, words: &str) {
        let url = format!("{}/health/ready", self.instance(name).operator_url());
        eventually(&format!("{name} to say: {words}"), async || {
            let said = self.http.get(&url).send().await.unwrap().text().await.unwrap();
            if said.contains(words) { Ok(()) } else { Err(said) }
        })
        .await;
    }

    /// Waits until an instance has tried, in vain, what its dependency does not do now.
    pub async fn tried(&self, name: &str) {
        eventually(&format!("{name} to have tried"), async || {
            let metrics = self.metrics(name).await;
            let failing = metrics.lines().filter(|line| {
                line.starts_with("orderflow_retries_total")
                    || line.starts_with("orderflow_breaker_moves_total")
            });
            let failed: f64 = failing.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
            if failed > 0.0 { Ok(()) } else { Err("it has not failed yet") }
        })
        .await;
    }

    /// The members of a service's group now.
    pub async fn members(&self, service: &str) -> Vec<String> {
        members(self.kafka(), self.environment.names().group(service)).await
    }

    /// Waits until so many instances share a service's partitions.
    pub async fn joined(&self, service: &str, count: usize) {
        eventually(&format!("{count} members in {service}'s group"), async || {
            match self.members(service).await {
                members if members.len() == count => Ok(()),
                members => Err(format!("{members:?}")),
            }
        })
        .await;
    }

    /// Waits until a service has read, and committed, everything that is on a topic now.
    pub async fn caught_up(&self, service: &str, topic: Topic) {
        let names = self.environment.names();
        eventually(&format!("{service} to have read {topic}"), async || {
            match lag(self.kafka(), names.group(service), names.topic(topic)).await {
                0 => Ok(()),
                behind => Err(format!("{behind} records are left")),
            }
        })
        .await;
    }
}
