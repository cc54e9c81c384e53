//! What faults happen to: servers of one's own, proxies in front of them, and a shop behind those.

mod shop;

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use orderflow::config::Delivery;
use orderflow_cli::environment::{Environment, Instance};
use orderflow_stack::{
    Choice, Servers, build,
    servers::{Origin, Proxied, Server},
};
use reqwest::Client;
use serde_json::{Value, json};

use super::{
    Args,
    evidence::Injected,
    journal::Journal,
    proxy::{Proxy, Rules, Speaks},
};
use crate::{collector::Collector, operate};

/// Everything a run happens on.
pub struct Ground {
    /// The whole pipeline.
    pub environment: Environment,
    /// In front of each broker, Redis, the registry and the collector.
    pub proxies: Proxies,
    /// Kafka, Redis and the registry.
    pub servers: Servers,
    /// Takes the spans.
    _collector: Collector,
    /// Under which delivery the services run.
    pub delivery: Delivery,
    /// What customers were told.
    pub journal: Journal,
    /// For operators' requests.
    pub http: Client,
    /// The records that faults have appended.
    injected: Mutex<Vec<Injected>>,
}

/// The proxies between the services and the servers.
pub struct Proxies {
    /// One for each broker.
    pub kafka: Vec<Proxy>,
    /// Of Redis.
    pub redis: Proxy,
    /// Of the registry.
    pub registry: Proxy,
    /// Of who takes the spans.
    pub collector: Proxy,
}

impl Ground {
    /// Starts everything; returns once the shop is open.
    ///
    /// # Errors
    /// What does not start.
    pub async fn start(args: &Args) -> Result<Self> {
        let choice = Choice { brokers: args.brokers, proxied: true, ..Choice::all(&Origin::Native) };
        let servers = Servers::start(choice).await?;
        let collector = Collector::start().await;
        let proxies = Proxies::start(&servers, &collector).await?;
        let options = shop::options(args, &proxies);
        let environment = Environment::start(&servers, build().await?, options).await?;
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        call_back(&http, &environment).await?;
        Ok(Self {
            environment,
            proxies,
            servers,
            _collector: collector,
            delivery: args.delivery,
            journal: Journal::default(),
            http,
            injected: Mutex::default(),
        })
    }

    /// The brokers, the first one first.
    ///
    /// # Errors
    /// When none was started here.
    pub fn brokers(&self) -> Result<Vec<&Server>> {
        let first = self.servers.kafka.as_ref().context("no broker of one's own")?;
        Ok(std::iter::once(first).chain(&self.servers.other_brokers).collect())
    }

    /// Redis.
    ///
    /// # Errors
    /// When none was started here.
    pub fn redis(&self) -> Result<&Server> {
        self.servers.redis.as_ref().context("no Redis of one's own")
    }

    /// The names of all instances.
    pub fn names(&self) -> Vec<String> {
        self.environment.instances().iter().map(|instance| instance.name().to_owned()).collect()
    }

    /// The names of the instances that have steps.
    pub fn hops(&self) -> Vec<String> {
        self.names().into_iter().filter(|name| !name.starts_with("order-intake")).collect()
    }

    /// Tells an instance something at its operator endpoints.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub async fn tell(&self, instance: &Instance, path: &str, body: &Value) -> Result<()> {
        Ok(operate::tell(&self.http, instance, path, body).await?)
    }

    /// Notes a record that was appended.
    pub fn note(&self, injected: Injected) {
        self.injected.lock().unwrap_or_else(PoisonError::into_inner).push(injected);
    }

    /// The records that were appended.
    pub fn injected(&self) -> Vec<Injected> {
        self.injected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts what has ended; how many that were.
    ///
    /// # Errors
    /// When a program cannot be started.
    pub fn revive(&self) -> Result<u64> {
        let mut revived = 0;
        for instance in self.environment.instances() {
            if !instance.process()?.is_running() {
                instance.start_unready()?;
                revived += 1;
            }
        }
        Ok(revived)
    }
}

impl Proxies {
    async fn start(servers: &Servers, collector: &Collector) -> Result<Self> {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut kafka = Vec::new();
        for Proxied { front, behind } in &servers.proxied {
            kafka.push(Proxy::start(*front, *behind, Speaks::Kafka).await?);
        }
        let redis = address(&servers.redis_url)?;
        let registry = address(&servers.registry_url)?;
        Ok(Self {
            kafka,
            redis: Proxy::start(anywhere, redis, Speaks::Anything).await?,
            registry: Proxy::start(anywhere, registry, Speaks::Anything).await?,
            collector: Proxy::start(anywhere, collector.address(), Speaks::Anything).await?,
        })
    }

    /// The same for all brokers.
    pub fn rule_kafka(&self, rules: &Rules) {
        self.kafka.iter().for_each(|proxy| proxy.rule(rules.clone()));
    }
}

/// Has the gateway call payment back with what becomes of each payment.
async fn call_back(http: &Client, environment: &Environment) -> Result<()> {
    let payment = environment.instance("payment-0")?;
    let url = format!("{}/webhooks/stripe", payment.http_url().context("payment serves no HTTP")?);
    let target = json!({ "url": url, "secret": shop::CALLBACKS });
    let webhooks = format!("{}/webhooks", environment.gateway().operator_url());
    http.put(webhooks).json(&target).send().await?.error_for_status()?;
    Ok(())
}

/// The `host:port` of a URL.
fn address(url: &str) -> Result<SocketAddr> {
    let (_, rest) = url.split_once("://").with_context(|| format!("{url} is no URL"))?;
    let host = rest.split('/').next().unwrap_or(rest);
    host.parse().with_context(|| format!("{url} has no address"))
}
