//! One shop per test: its own topics, groups, keys and processes, on shared servers.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use orderflow::{
    events::Record,
    order_state::{Facts, State},
    topics,
};
use orderflow_cli::{
    environment::{Environment, Options},
    log::{Decoder, Entry, Follower, Place},
};
use orderflow_stack::{Servers, logs::tail};
use rdkafka::ClientConfig;
use reqwest::Client;
use tokio::sync::SemaphorePermit;
use uuid::Uuid;

use crate::{
    Load, Request,
    load::{Counter, Placed},
    servers,
    waiting::eventually,
};

/// What a test's shop is made of, unless it says otherwise: a prefix of its own, three partitions, the tests' catalogue.
#[must_use]
pub fn options() -> Options {
    let prefix = Uuid::new_v4().simple().to_string();
    let rate = |name: &str| (name.to_owned(), "100000".to_owned());
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Options {
        prefix: format!("t{}.", &prefix[..10]),
        partitions: Some(3),
        catalogue: Some(here.join("catalogue.yaml")),
        variables: vec![("LOG_FORMAT".to_owned(), "text".to_owned())],
        // All customers of a test share one address.
        service_variables: [("order-intake", vec![rate("RATE_PER_SECOND"), rate("RATE_BURST")])].into(),
        ..Options::default()
    }
}

/// A running shop. A test ends with [`Shop::close`], which proves that all is whole.
pub struct Shop {
    pub(crate) environment: Environment,
    pub(crate) delivery: orderflow::config::Delivery,
    pub(crate) closed: bool,
    entries: Arc<Mutex<Vec<Entry>>>,
    follower: Follower,
    decoder: Decoder,
    pub(crate) http: Client,
    /// Instances that are meant to be down.
    down: Mutex<BTreeSet<String>>,
    _place: SemaphorePermit<'static>,
}

impl Shop {
    /// A shop on the shared servers.
    pub async fn open(options: Options) -> Self {
        Self::open_on(servers::shared().await, options).await
    }

    /// A shop on these servers, which must outlive it.
    pub async fn open_on(servers: &Servers, options: Options) -> Self {
        let place = servers::place().await;
        let binaries = servers::binaries().await;
        let delivery = options.delivery;
        let environment = Environment::start(servers, binaries, options).await;
        let environment = environment.unwrap_or_else(|error| panic!("the shop does not open: {error:#}"));
        let entries = Arc::<Mutex<Vec<Entry>>>::default();
        let heard = Arc::clone(&entries);
        let (config, names) = (environment.kafka_config(), environment.names());
        let follower = Follower::start(&config, &names, &topics::ALL, move |entry| {
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        });
        Self {
            follower: follower.await.unwrap(),
            decoder: Decoder::new(environment.connection().registry().unwrap()),
            http: Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap(),
            environment,
            delivery,
            closed: false,
            entries,
            down: Mutex::default(),
            _place: place,
        }
    }

    /// Where orders are placed.
    #[must_use]
    pub fn counter(&self) -> Counter {
        Counter::at(&self.environment.intake_url().unwrap())
    }

    /// Places one order, however often that takes.
    pub async fn place(&self, request: &Request) -> Placed {
        self.counter().place(request).await
    }

    /// Begins to place `count` mixed orders.
    #[must_use]
    pub fn load(&self, count: usize) -> Load {
        Load::start(self.counter(), count, Request::mixed)
    }

    /// Begins to place good orders, until it is [enough](Load::enough): they pass whoever judges them.
    #[must_use]
    pub fn good_load(&self) -> Load {
        Load::start(self.counter(), usize::MAX, |_| Request::good())
    }

    /// The environment itself.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What was promised of repeats.
    #[must_use]
    pub fn delivery(&self) -> orderflow::config::Delivery {
        self.delivery
    }

    /// What Kafka clients begin with.
    #[must_use]
    pub fn kafka(&self) -> ClientConfig {
        self.environment.kafka_config()
    }

    /// Everything heard so far.
    ///
    /// # Panics
    /// When the log could not be followed any more.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        assert_eq!(self.follower.failure(), None, "the log cannot be followed");
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The records of one type heard so far, decoded, with where they stood.
    pub async fn records<R: Record>(&self) -> Vec<(Entry, R)> {
        let mut entries = self.entries();
        entries.retain(|entry| entry.place == Place::Topic(R::TOPIC));
        self.decoder.learn(&entries).await.unwrap();
        let decoded = entries.into_iter().map(|entry| {
            // What does not decode is somebody's poison, not this record.
            let record = self.decoder.decode::<R>(&entry).ok().flatten();
            record.map(|record| (entry, record))
        });
        decoded.flatten().collect()
    }

    /// Waits for the record of this type with this key.
    pub async fn record<R: Record>(&self, key: &str) -> (Entry, R) {
        let what = format!("{} of {key}", R::NAME);
        eventually(&what, async || {
            let found = self.records::<R>().await.into_iter().find(|(entry, _)| entry.key == key);
            found.ok_or_else(|| self.story(key))
        })
        .await
    }

    /// Waits until these orders are where they must come to.
    pub async fn settled(&self, placed: &[Placed]) {
        eventually("all orders to be final", async || {
            let entries = self.entries();
            self.decoder.learn(&entries).await.map_err(|error| error.to_string())?;
            let state = |order: &Placed| state(&entries, order.order_id, &self.decoder);
            let open: Vec<&Placed> = placed.iter().filter(|order| state(order) != order.becomes).collect();
            match open.first() {
                None => Ok(()),
                Some(first) => Err(format!(
                    "{} of {} are not; {} should be {}, but: {}",
                    open.len(),
                    placed.len(),
                    first.order_id,
                    first.becomes,
                    self.story(&first.order_id.to_string())
                )),
            }
        })
        .await;
    }

    /// What was heard of a key, for a failure's message.
    #[must_use]
    pub fn story(&self, key: &str) -> String {
        let entries = self.entries();
        let of_key = entries.iter().filter(|entry| entry.key == key);
        let told: Vec<String> = of_key
            .map(|entry| match &entry.fault {
                Some((code, message)) => format!("dead letter {code} ({message})"),
                None => entry.record().to_owned(),
            })
            .collect();
        if told.is_empty() { "nothing was heard of it".to_owned() } else { told.join(", ") }
    }

    /// Instances that have ended although nobody meant them to, with their last words.
    pub(crate) fn casualties(&self) -> Vec<String> {
        let down = self.down();
        let gateway_and_carrier = [self.environment.gateway(), self.environment.carrier()];
        let instances = self.environment.instances();
        let all = instances.iter().map(AsRef::as_ref).chain(gateway_and_carrier);
        all.filter(|instance| !down.contains(instance.name()))
            .filter_map(|instance| {
                let status = instance.process().ok()?.exit_status()?;
                Some(format!("{} has ended ({status}):\n{}", instance.name(), tail(instance.log())))
            })
            .collect()
    }

    pub(crate) fn down(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an order stands, by what was heard of it.
fn state(entries: &[Entry], order_id: Uuid, decoder: &Decoder) -> State {
    let mut facts = Facts::default();
    for entry in entries.iter().filter(|entry| entry.order_id() == Some(order_id)) {
        decoder.tell(entry, &mut facts);
    }
    facts.state()
}

impl Drop for Shop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The test has failed already; a process that died may be why.
            self.casualties().iter().for_each(|casualty| eprintln!("{casualty}"));
        } else {
            assert!(self.closed, "a test ends with `shop.close(..)`: else nobody looks at what it has left");
        }
    }
}
