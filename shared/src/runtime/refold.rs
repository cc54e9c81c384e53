//! A service's log, folded once more from outside the service: for whoever compares its state with the log, or keeps what
//! the log has come to.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use jiff::Timestamp;
use redis::{
    AsyncCommands, Client,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::{
    contract,
    log::{Group, KafkaLog},
    reading::Places,
    start::Rights,
    waiting::Limits,
};
use crate::{
    catalogue::{Catalogue, Retention},
    config::Delivery,
    fault::Fault,
    runtime::put_aside,
    servers::{Cluster, Servers},
    state::{
        State,
        beside::Beside,
        by_hand::Standing,
        rebuild::{Fold, Log as _, Progress},
    },
    topics::{Names, Topic},
};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A service's state in Redis, and beside it what the log says, as far as it was folded.
pub struct Refold {
    log: KafkaLog,
    fold: Arc<dyn Fold>,
    live: State,
    beside: Beside,
    from: Places,
    told: Arc<Progress>,
}

impl Refold {
    /// Reaches the servers, and begins with nothing. What is folded goes to `scratch`, or beside the live state. `fold` is
    /// made for the live state, which it does not touch.
    ///
    /// # Errors
    /// A server that does not answer, a schema that is missing, a service that is none.
    pub async fn begin(
        servers: &Servers,
        names: &Names,
        service: &'static str,
        scratch: Option<&Client>,
        fold: impl FnOnce(&State) -> Arc<dyn Fold>,
    ) -> Result<Self> {
        let live_client = servers.redis.client();
        let reached = connect(&live_client).await.map_err(|error| servers.redis.explain(error))?;
        let other = match scratch {
            Some(client) => connect(client).await.context("the Redis beside does not answer")?,
            None => reached.clone(),
        };
        let root = names.keys(service);
        let live = State::new(reached, root.clone());
        Ok(Self {
            log: log(servers, names, service).await?,
            fold: fold(&live),
            beside: Beside::open(other, &root).await?,
            live,
            from: Places::new(),
            told: Arc::default(),
        })
    }

    /// How far the folding is.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.told)
    }

    /// Folds what has come to the log since the last time: first all of it.
    ///
    /// # Errors
    /// Those of a rebuild.
    pub async fn go_on(&mut self, now: Timestamp) -> Result<(), Fault> {
        let Self { log, fold, beside, from, told, .. } = self;
        let folding = log.fold_on(fold.as_ref(), beside.state(), now, from, told, Timestamp::MAX);
        beside.keep_during(folding).await.map(drop)
    }

    /// Up to where it is folded: the next offset of each partition that had records.
    #[must_use]
    pub fn places(&self) -> &BTreeMap<(Topic, i32), i64> {
        &self.from
    }

    /// What the log says.
    #[must_use]
    pub fn beside(&self) -> &Beside {
        &self.beside
    }

    /// The fold.
    #[must_use]
    pub fn fold(&self) -> &dyn Fold {
        self.fold.as_ref()
    }

    /// What Redis says. Nothing is known of its generation here: see [`Self::standing`].
    #[must_use]
    pub fn live(&self) -> &State {
        &self.live
    }

    /// How the live state stands.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn standing(&self) -> Result<Standing, Fault> {
        self.live.standing().await
    }

    /// Takes the live generation as it is, to read it.
    ///
    /// # Errors
    /// As [`State::adopt`].
    pub async fn adopt(&self) -> Result<(), Fault> {
        self.live.adopt(self.log.cluster()).await
    }

    /// The group's members now.
    ///
    /// # Errors
    /// `Transient` when Kafka does not answer.
    pub async fn members(&self) -> Result<Vec<String>, Fault> {
        self.log.members().await
    }

    /// Per partition of the inputs how far effects are applied, as the live state says, and how far the group has
    /// committed.
    ///
    /// # Errors
    /// `Transient` when Kafka or Redis do not answer.
    pub async fn applied_and_committed(&self) -> Result<BTreeMap<String, (i64, i64)>, Fault> {
        // In this sequence: offsets are applied before they are committed.
        let committed = self.log.committed().await?;
        let applied: BTreeMap<String, i64> = self.live.redis().hgetall(self.live.key("applied")).await?;
        let both = committed.into_iter().map(|((topic, partition), committed)| {
            let name = format!("{topic}/{partition}");
            let applied = applied.get(&name).copied().unwrap_or_default();
            (name, (applied, committed))
        });
        Ok(both.collect())
    }

    /// Removes what was folded.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer; it goes by itself then, with the next that is begun.
    pub async fn end(self) -> Result<(), Fault> {
        self.beside.close().await
    }
}

/// A service's view of the log, as the catalogue tells it.
pub(super) async fn log(servers: &Servers, names: &Names, service: &'static str) -> Result<KafkaLog> {
    let rights = Rights::of(service)?;
    let base = servers.kafka.client_config("orderflow");
    let looking = base.clone();
    let cluster = tokio::task::spawn_blocking(move || Cluster::look(&looking, PATIENCE)).await??;
    let registry = servers.registry.client()?;
    let codec = contract::resolve(&registry, names, &rights.reads, &rights.writes).await?;
    let writes = rights.writes.iter().map(|(topic, name)| format!("orderflow.{topic}.{name}")).collect();
    let limits = Limits { waiting: u32::MAX, blocked: u32::MAX };
    let ordered = rights.ordered;
    Ok(KafkaLog {
        base,
        names: names.clone(),
        service,
        delivery: Delivery::ExactlyOnce,
        inputs: inputs(service)?,
        codec: Arc::new(codec),
        cluster: cluster.id,
        group: rights.group.map(|topics| Group { topics, ordered, writes, limits }),
    })
}

/// What a service's group reads. Compacted topics are followed, or folded, and never an input.
fn inputs(service: &str) -> Result<Vec<Topic>> {
    let catalogue = Catalogue::load()?;
    let is_input = |topic: &Topic| {
        catalogue.topics.get(topic.name()).is_some_and(|entry| {
            entry.retention != Retention::Compacted && entry.read_by.iter().any(|name| name == service)
        })
    };
    let mut inputs: Vec<Topic> = crate::topics::ALL.into_iter().filter(is_input).collect();
    if catalogue.dead_letters.read_by.iter().any(|name| name == service) {
        inputs.extend(put_aside::topics());
    }
    inputs.extend(crate::topics::GroupTopics::of(service).map(|group| group.retry));
    Ok(inputs)
}

pub(super) async fn connect(client: &Client) -> redis::RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE))
        .set_number_of_retries(1);
    ConnectionManager::new_with_config(client.clone(), config).await
}
