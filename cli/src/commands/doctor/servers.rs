//! Which servers answer, and what they say of themselves.

use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::consumer::{BaseConsumer, Consumer};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{Finding, release::release};
use crate::connection::Connection;

/// Longer than any healthy server takes.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn look(connection: &Connection) -> Vec<Finding> {
    let (kafka, redis, registry) = tokio::join!(
        kafka(connection),
        within(redis(connection.redis.expose_secret())),
        within(registry(&connection.registry)),
    );
    let hint = |variable: &str| format!("start it and set {variable}; or let the demo start its own");
    let finding = |what: &str, found: Result<String>, variable: &str| Finding {
        what: what.to_owned(),
        how_to_get: found.as_ref().err().map(|why| format!("{why}; {}", hint(variable))).unwrap_or_default(),
        found: found.ok(),
    };
    vec![
        finding("kafka", kafka, "KAFKA_BOOTSTRAP_SERVERS"),
        finding("redis", redis, "REDIS_URL"),
        finding("schema registry", registry, "SCHEMA_REGISTRY_URL"),
    ]
}

async fn within<T>(ask: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(PATIENCE, ask).await.context("does not answer")?
}

async fn kafka(connection: &Connection) -> Result<String> {
    let config = connection.kafka_config();
    let ask = move || -> Result<String> {
        let consumer: BaseConsumer = config.create()?;
        let metadata = consumer.fetch_metadata(None, PATIENCE).context("does not answer")?;
        let cluster = consumer.client().fetch_cluster_id(PATIENCE).unwrap_or_else(|| "unknown".to_owned());
        let (brokers, topics) = (metadata.brokers().len(), metadata.topics().len());
        Ok(format!("{brokers} broker(s), {topics} topics, cluster {cluster}"))
    };
    let described = tokio::task::spawn_blocking(ask).await??;
    let release = release(&connection.kafka).await.unwrap_or("of unknown version");
    Ok(format!("Kafka {release}, {described}"))
}

async fn redis(url: &str) -> Result<String> {
    // Its errors may quote the URL, which may hold a password.
    let client = redis::Client::open(url).map_err(|_| anyhow::anyhow!("the URL is not one of Redis"))?;
    let mut connection = client.get_multiplexed_async_connection().await.context("does not answer")?;
    let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or("unknown");
    Ok(format!("Redis {}", version.trim()))
}

async fn registry(url: &str) -> Result<String> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let subjects: Value = client
        .get(format!("{}/subjects", url.trim_end_matches('/')))
        .send()
        .await
        .map_err(reqwest::Error::without_url)
        .context("does not answer")?
        .error_for_status()
        .map_err(reqwest::Error::without_url)?
        .json()
        .await
        .context("is no schema registry")?;
    let subjects = subjects.as_array().context("is no schema registry")?.len();
    // Apicurio says who it is; others answer 404.
    let root = url.split("/apis/").next().unwrap_or(url).trim_end_matches('/');
    let info = client.get(format!("{root}/apis/registry/v3/system/info")).send().await;
    let info: Option<Value> = match info {
        Ok(answer) if answer.status().is_success() => answer.json().await.ok(),
        _ => None,
    };
    let name =
        info.and_then(|info| Some(format!("{} {}, ", info["name"].as_str()?, info["version"].as_str()?)));
    Ok(format!("{}{subjects} subjects", name.unwrap_or_default()))
}
