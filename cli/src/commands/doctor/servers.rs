//! Which servers answer, and what they say of themselves.

use std::time::Duration;

use anyhow::{Context, Result};
use orderflow::servers::{Advice, Cluster, Redis};
use serde_json::Value;

use super::{Finding, release::release};
use crate::connection::Connection;

/// Longer than any healthy server takes.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn look(connection: &Connection) -> Vec<Finding> {
    let servers = &connection.servers;
    let (kafka, redis, registry) =
        tokio::join!(kafka(connection), within(redis(&servers.redis)), within(registry(connection)));
    let finding = |what: &str, found: Result<String>, variable: &str| Finding {
        what: what.to_owned(),
        how_to_get: found.as_ref().err().map(|why| what_to_do(why, variable)).unwrap_or_default(),
        found: found.ok(),
    };
    vec![
        finding("kafka", kafka, "KAFKA_BOOTSTRAP_SERVERS"),
        finding("redis", redis, "REDIS_URL"),
        finding("schema registry", registry, "SCHEMA_REGISTRY_URL"),
    ]
}

/// Of a server that refuses us its own words say it; else it may not be there at all.
fn what_to_do(why: &anyhow::Error, variable: &str) -> String {
    match why.downcast_ref::<Advice>() {
        Some(advice) => advice.to_string(),
        None => format!("{why}; start it and set {variable}; or let the demo start its own"),
    }
}

async fn within<T>(ask: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(PATIENCE, ask).await.context("does not answer")?
}

async fn kafka(connection: &Connection) -> Result<String> {
    let config = connection.kafka_config();
    let cluster = tokio::task::spawn_blocking(move || Cluster::look(&config, PATIENCE)).await??;
    let kafka = &connection.servers.kafka;
    let release = if kafka.is_encrypted() { None } else { release(&kafka.bootstrap).await };
    let (release, way) = (release.unwrap_or("of unknown version"), kafka.way());
    let Cluster { id, brokers, topics } = cluster;
    Ok(format!("Kafka {release}, {brokers} broker(s), {} topics, cluster {id}, over {way}", topics.len()))
}

async fn redis(server: &Redis) -> Result<String> {
    let client = server.client();
    let info = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("INFO").arg("server").query_async::<String>(&mut connection).await
    };
    let info = info.await.map_err(|error| server.explain(error))?;
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or("unknown");
    Ok(format!("Redis {}, over {}", version.trim(), server.way()))
}

async fn registry(connection: &Connection) -> Result<String> {
    let server = &connection.servers.registry;
    let subjects = connection.registry()?.subjects().await?.len();
    let client = reqwest::Client::builder().build()?;
    let url = server.url.as_str();
    // Apicurio says who it is; others answer 404. It is asked without credentials: this is no part of the API.
    let root = url.split("/apis/").next().unwrap_or(url).trim_end_matches('/');
    let info = client.get(format!("{root}/apis/registry/v3/system/info")).send().await;
    let info: Option<Value> = match info {
        Ok(answer) if answer.status().is_success() => answer.json().await.ok(),
        _ => None,
    };
    let name =
        info.and_then(|info| Some(format!("{} {}, ", info["name"].as_str()?, info["version"].as_str()?)));
    Ok(format!("{}{subjects} subjects, over {}", name.unwrap_or_default(), server.way()))
}
