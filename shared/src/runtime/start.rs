//! Reaching Kafka, Redis and the registry at start-up: waits for what is not there yet, with a message; refuses what
//! is there and wrong.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use rdkafka::ClientConfig;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tracing::{info, warn};

use super::{
    contract::{self, LateComers},
    put_aside,
};
use crate::{
    catalogue::{Catalogue, ORDER_ID},
    codec::Codec,
    config::Common,
    events::RecordType,
    servers::{Advice, Cluster},
    topics::{ALL, GroupTopics, Topic},
};

/// How long one attempt to reach a server may take.
const ATTEMPT: Duration = Duration::from_secs(3);
const BETWEEN: Duration = Duration::from_millis(250);
/// A server that refuses us is not asked as often: it may count attempts.
const BETWEEN_REFUSALS: Duration = Duration::from_secs(2);
/// A broker may hear of a topic a moment after it was made at another.
const CATCH_UP: Duration = Duration::from_secs(3);
/// How often a wait is mentioned.
const MENTION: Duration = Duration::from_secs(5);
/// An answer from Redis takes well under a millisecond; without one for this long it counts as down.
const REDIS_ANSWER: Duration = Duration::from_secs(3);

/// What a service may read and write, as the catalogue says.
pub(crate) struct Rights {
    /// Topics it reads: its inputs, and its own outputs for rebuilding.
    pub reads: Vec<Topic>,
    /// Record types it writes.
    pub writes: Vec<(Topic, String)>,
    /// The topics of its own group, if it has one.
    pub group: Option<GroupTopics>,
    /// Topics on which the order of a key's records counts.
    pub ordered: Vec<Topic>,
}

impl Rights {
    /// The rights of `service`.
    pub fn of(service: &str) -> anyhow::Result<Self> {
        let catalogue = Catalogue::load()?;
        let (mut reads, mut writes, mut ordered) = (Vec::new(), Vec::new(), Vec::new());
        for topic in ALL {
            let entry = catalogue.topics.get(topic.name());
            let entry = entry.with_context(|| format!("{topic} is not in schemas/topics.yaml"))?;
            let own = entry.records.iter().filter(|(_, writers)| writers.include(service));
            let own: Vec<_> = own.map(|(record, _)| (topic, record.clone())).collect();
            if !own.is_empty() || entry.read_by.iter().any(|name| name == service) {
                reads.push(topic);
            }
            writes.extend(own);
            ordered.extend((entry.key == ORDER_ID).then_some(topic));
        }
        if catalogue.dead_letters.read_by.iter().any(|name| name == service) {
            reads.extend(put_aside::topics());
        }
        let group = catalogue.groups().get(service).copied();
        Ok(Self { reads, writes, group, ordered })
    }

    /// Whether these record types may be read and written.
    pub fn check(&self, service: &str, inputs: &[RecordType], outputs: &[RecordType]) -> anyhow::Result<()> {
        let read = inputs.iter().find(|input| !self.reads.contains(&input.topic));
        if let Some(record) = read {
            bail!("schemas/topics.yaml does not let {service} read {} from {}", record.name, record.topic);
        }
        let may = |output: &&RecordType| {
            self.writes.iter().any(|(t, name)| *t == output.topic && name == output.name)
        };
        if let Some(record) = outputs.iter().find(|output| !may(output)) {
            bail!("schemas/topics.yaml does not let {service} write {} to {}", record.name, record.topic);
        }
        Ok(())
    }
}

/// The servers, reached.
pub(crate) struct Connected {
    pub base: ClientConfig,
    pub cluster: String,
    pub redis: ConnectionManager,
    pub codec: Arc<Codec>,
    pub late_comers: LateComers,
}

/// Reaches all three.
///
/// # Errors
/// Only what waiting does not cure: missing topics, missing or incompatible schemas. A refused user or certificate is
/// waited for as an absent server is: both are mended at the server as well.
pub(crate) async fn connect(common: &Common, rights: &Rights) -> anyhow::Result<Connected> {
    let (base, servers) = (client_config(common), &common.servers);
    let kafka = async {
        let deadline = tokio::time::Instant::now() + CATCH_UP;
        loop {
            let cluster = until(&format!("Kafka at {}", servers.kafka.bootstrap), || async {
                let base = base.clone();
                tokio::task::spawn_blocking(move || Cluster::look(&base, ATTEMPT)).await?
            })
            .await;
            let own = rights.group.into_iter().flat_map(GroupTopics::all);
            let needed: Vec<Topic> = rights.reads.iter().copied().chain(own).collect();
            let missing = contract::missing_topics(&cluster.topics, &common.names(), &needed);
            if missing.is_empty() {
                return Ok(cluster.id);
            }
            if tokio::time::Instant::now() > deadline {
                bail!("topics are missing: {}\nrun `orderflow topics apply`", missing.join(", "));
            }
            tokio::time::sleep(BETWEEN).await;
        }
    };
    let client = servers.redis.client();
    let redis = until("Redis", || async {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(ATTEMPT))
            .set_response_timeout(Some(REDIS_ANSWER))
            .set_number_of_retries(1);
        let connected = ConnectionManager::new_with_config(client.clone(), config).await;
        connected.map_err(|error| servers.redis.explain(error))
    });
    let registry = servers.registry.client()?;
    let contracts = async {
        until(&format!("the schema registry at {}", servers.registry.url), || registry.subjects()).await;
        contract::resolve(&registry, &common.names(), &rights.reads, &rights.writes).await
    };
    let (cluster, redis, codec) = tokio::join!(kafka, redis, contracts);
    Ok(Connected {
        base,
        cluster: cluster?,
        redis,
        codec: Arc::new(codec?),
        late_comers: LateComers::new(registry, &common.names(), &rights.reads)?,
    })
}

/// What every client of this process has in common.
fn client_config(common: &Common) -> ClientConfig {
    let mut config = common.servers.kafka.client_config(&common.instance());
    config
        .set("socket.nagle.disable", "true")
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        .set("topic.metadata.refresh.interval.ms", "30000");
    config
}

/// Tries until it works, and says what it waits for.
async fn until<T, F>(what: &str, attempt: impl Fn() -> F) -> T
where
    F: Future<Output = anyhow::Result<T>>,
{
    let mut mentioned: Option<tokio::time::Instant> = None;
    loop {
        match attempt().await {
            Ok(found) => {
                if mentioned.is_some() {
                    info!("{what} is there");
                }
                return found;
            }
            Err(error) => {
                if mentioned.is_none_or(|at| at.elapsed() > MENTION) {
                    mentioned = Some(tokio::time::Instant::now());
                    warn!("waiting for {what}: {error:#}");
                }
                tokio::time::sleep(if error.is::<Advice>() { BETWEEN_REFUSALS } else { BETWEEN }).await;
            }
        }
    }
}
