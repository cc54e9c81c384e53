//! Kafka, Redis and a schema registry: the ones the variables name, or real ones started here, as containers or as
//! child processes.

mod archive;
mod choice;
mod container;
pub(crate) mod downloads;
mod engine;
mod folder;
mod kafka;
mod onnxruntime;
mod redis;
mod registry;
mod running;
mod server;

use anyhow::Result;

pub use choice::{Choice, Origin};
use downloads::Installed;
use folder::Folder;
pub use kafka::{Guarded, Proxied};
pub use onnxruntime::onnxruntime;
pub use server::Server;

/// The three servers, ready. Dropping it ends what was started here and removes its data, unless a test is failing:
/// then the folder stays and its path is printed.
#[derive(Debug)]
pub struct Servers {
    /// `host:port` of each broker, as Kafka clients take it.
    pub kafka_bootstrap: String,
    /// `redis://host:port`.
    pub redis_url: String,
    /// `http://host:port/...`, up to and without `/subjects`.
    pub registry_url: String,
    /// What was chosen and where it is, in one line for printing, without credentials.
    pub chosen: String,
    /// The broker, when it was started here; also the controller.
    pub kafka: Option<Server>,
    /// The broker's listener over TLS, when it was asked for.
    pub guarded: Option<Guarded>,
    /// The ends of a proxy in front of each broker, when they were asked for; the proxies are the caller's to run.
    pub proxied: Vec<Proxied>,
    /// The second broker and the third, when they were asked for.
    pub other_brokers: Vec<Server>,
    /// Redis, when it was started here.
    pub redis: Option<Server>,
    /// The registry, when it was started here.
    pub registry: Option<Server>,
    // Last, since fields are dropped in this order: the servers end before their data goes.
    folder: Option<Folder>,
}

impl Servers {
    /// Starts what `choice` does not give, side by side, and waits until each answers.
    ///
    /// # Errors
    /// One line when a prerequisite is missing; the end of the log, and where it is, when a server does not start.
    /// Whatever had started is ended.
    pub async fn start(choice: Choice) -> Result<Self> {
        if choice.is_given() {
            return Ok(Self::of(&choice, Brokers::default(), [const { None }; 2], None));
        }
        let from = Sources::of(&choice).await?;
        let folder = Folder::create()?;
        let started = tokio::try_join!(
            start_brokers(&choice, &from, &folder),
            from.start(&choice.redis, |installed| match installed {
                Some(installed) => redis::plan(installed, &folder, choice.redis_append_only),
                None => redis::container(&folder, choice.redis_append_only),
            }),
            from.start(&choice.registry, |installed| match installed {
                Some(installed) => registry::plan(installed, &folder),
                None => registry::container(&folder),
            }),
        );
        match started {
            Ok((brokers, redis, registry)) => Ok(Self::of(&choice, brokers, [redis, registry], Some(folder))),
            Err(error) => {
                folder.keep();
                Err(error)
            }
        }
    }

    /// Keeps data and logs beyond the end, whatever happens.
    pub fn keep_folder(&self) {
        if let Some(folder) = &self.folder {
            folder.keep();
        }
    }

    fn of(choice: &Choice, brokers: Brokers, started: [Option<Server>; 2], folder: Option<Folder>) -> Self {
        let [redis, registry] = started;
        let Brokers { first: kafka, others: other_brokers, guarded, proxied } = brokers;
        let mut kafka_bootstrap = choice.kafka.address(kafka.as_ref());
        for broker in &other_brokers {
            kafka_bootstrap = format!("{kafka_bootstrap},{}", broker.address());
        }
        let redis_url = choice.redis.address(redis.as_ref());
        let registry_url = choice.registry.address(registry.as_ref());
        let data = folder.as_ref().map(|folder| format!("; data in {}", folder.path().display()));
        let chosen = format!(
            "kafka {}, redis {}, registry {}{}",
            choice.kafka.describe(&kafka_bootstrap),
            choice.redis.describe(&redis_url),
            choice.registry.describe(&registry_url),
            data.unwrap_or_default(),
        );
        Self {
            kafka_bootstrap,
            redis_url,
            registry_url,
            chosen,
            kafka,
            guarded,
            proxied,
            other_brokers,
            redis,
            registry,
            folder,
        }
    }
}

/// What servers are started from.
struct Sources {
    /// The programs, when any is started as a process.
    installed: Option<Installed>,
}

impl Sources {
    async fn of(choice: &Choice) -> Result<Self> {
        let origins = choice.origins();
        if origins.contains(&&Origin::Docker) {
            engine::ask()?;
        }
        let native = origins.contains(&&Origin::Native);
        Ok(Self { installed: if native { Some(downloads::install().await?) } else { None } })
    }

    /// Starts a server that is not given, by the plan for its origin: from the programs, or without, in a container.
    async fn start<P>(&self, origin: &Origin, plan: P) -> Result<Option<Server>>
    where
        P: Fn(Option<&Installed>) -> Result<server::Plan>,
    {
        let installed = match origin {
            Origin::Given(_) => return Ok(None),
            Origin::Native => self.installed.as_ref(),
            Origin::Docker => None,
        };
        Server::start(|| plan(installed)).await.map(Some)
    }
}

/// What a Kafka started here consists of.
#[derive(Default)]
struct Brokers {
    first: Option<Server>,
    others: Vec<Server>,
    guarded: Option<Guarded>,
    proxied: Vec<Proxied>,
}

/// One after the other: the others join what the first has begun.
async fn start_brokers(choice: &Choice, from: &Sources, folder: &Folder) -> Result<Brokers> {
    let guard = match from.installed.as_ref().filter(|_| choice.guarded) {
        Some(installed) => Some(kafka::Guard::prepare(installed, folder).await?),
        None => None,
    };
    let of = choice.brokers.clamp(1, 3);
    let mut brokers = Brokers::default();
    for node in (1..=of).map(|number| kafka::Node { number, of }) {
        let guard = guard.as_ref();
        let started = from.start(&choice.kafka, move |installed| match installed {
            Some(installed) => kafka::plan(installed, folder, node, guard, choice),
            None => kafka::container(folder, node),
        });
        let started = started.await?;
        if choice.proxied && from.installed.is_some() && started.is_some() {
            brokers.proxied.push(kafka::ends(folder, node)?);
        }
        if node.number == 1 {
            brokers.first = started;
        } else {
            brokers.others.extend(started);
        }
    }
    brokers.guarded = guard.map(|guard| guard.way(folder)).transpose()?;
    Ok(brokers)
}

/// The version of the container engine of this machine, and where its command is.
///
/// # Errors
/// One line that says why none does.
pub fn container_engine() -> Result<String> {
    engine::ask()
}

/// Downloads the servers if that has not happened yet, for machines that prepare before they test.
///
/// # Errors
/// One line when Java or Maven is missing; the end of Maven's output when it fails.
pub async fn download() -> Result<()> {
    let _: Installed = downloads::install().await?;
    Ok(())
}
