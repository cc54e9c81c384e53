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
    connection::Connection,
    environment::{Environment, Instance, Options},
    log::{Decoder, Entry, Follower, Place},
};
use orderflow_stack::{Servers, logs::tail};
use rdkafka::ClientConfig;
use reqwest::Client;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::SemaphorePermit;
use uuid::Uuid;

use crate::{
    Load, Request,
    groups::members,
    load::{Counter, Placed},
    servers,
    waiting::eventually,
};

/// A service has 10 s to finish its batch, commit and leave the group.
pub const SHUTDOWN: Duration = Duration::from_secs(10);

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
    http: Client,
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
        Load::start(self.counter(), count)
    }

    /// An instance by name, such as `payment-0`.
    #[must_use]
    pub fn instance(&self, name: &str) -> Arc<Instance> {
        self.environment.instance(name).unwrap()
    }

    /// The environment itself.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What Kafka clients begin with.
    #[must_use]
    pub fn kafka(&self) -> ClientConfig {
        self.environment.kafka_config()
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

    /// Moves the clock of an instance.
    pub async fn move_clock(&self, name: &str, seconds: i64) {
        self.operate(name, "faults/clock", json!({ "offset_seconds": seconds })).await;
    }

    /// Has an instance refuse every record with this key or event id from now on, or no longer.
    pub async fn refuse(&self, name: &str, key: &str, refused: bool) {
        self.operate(name, "faults/refuse", json!({ "key": key, "refused": refused })).await;
    }

    /// Runs `orderflow` with these arguments on this shop; what it prints, which must be JSON.
    pub async fn orderflow(&self, arguments: &[&str]) -> Value {
        let Connection { kafka, redis, registry, prefix } = self.environment.connection().clone();
        let program = servers::binaries().await.path("orderflow").unwrap();
        let output = tokio::process::Command::new(program)
            .args(arguments)
            .arg("--json")
            .env("KAFKA_BOOTSTRAP_SERVERS", kafka)
            .env("REDIS_URL", redis.expose_secret())
            .env("SCHEMA_REGISTRY_URL", registry)
            .env("ORDERFLOW_PREFIX", prefix)
            .output();
        let output = output.await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "orderflow {arguments:?}: {}\n{said}", output.status);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Asks to cancel an order.
    pub async fn cancel(&self, order: &Placed) {
        let url = format!("{}/orders/{}/cancel", self.environment.status_url(), order.order_id);
        let body = json!({ "reason": "changed my mind" });
        self.http.post(url).json(&body).send().await.unwrap().error_for_status().unwrap();
    }

    /// Sets fault switches of a simulator.
    pub async fn switch(&self, simulator: &Instance, faults: Value) {
        let url = format!("{}/faults", simulator.operator_url());
        self.http.patch(url).json(&faults).send().await.unwrap().error_for_status().unwrap();
    }

    async fn operate(&self, name: &str, path: &str, body: Value) {
        let url = format!("{}/{path}", self.instance(name).operator_url());
        self.http.post(url).json(&body).send().await.unwrap().error_for_status().unwrap();
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

    fn down(&self) -> MutexGuard<'_, BTreeSet<String>> {
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
