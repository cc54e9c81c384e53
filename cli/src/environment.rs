//! The whole pipeline as separate processes: topics, schemas, simulators and services, on given servers. The demo is
//! one user, the integration tests are another.

mod folder;
mod ground;
mod instance;
mod model;
mod options;
mod stock;
mod wiring;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use futures::future::{join_all, try_join_all};
use orderflow::topics::Names;
use orderflow_stack::{Binaries, Servers};
use rdkafka::ClientConfig;

use crate::connection::Connection;
use folder::Folder;
pub use ground::prepare;
pub use instance::Instance;
pub use model::ShippedModel;
pub use options::{Options, SERVICES};
pub(crate) use wiring::DEMO_CATALOGUE;

/// A service finishes its batch and leaves its group within 10 s.
const GRACE: Duration = Duration::from_secs(12);

/// Everything that runs, besides the servers. Dropping it kills what still runs and removes its folder, unless a test
/// is failing or [`Environment::keep_folder`] was called.
pub struct Environment {
    options: Options,
    connection: Connection,
    binaries: Binaries,
    /// Where the first order-status listens, so that intake can name it before it runs.
    status: wiring::Address,
    gateway: Instance,
    carrier: Instance,
    services: Mutex<BTreeMap<String, Arc<Instance>>>,
    // Last, since fields are dropped in this order: the processes end before their files go.
    folder: Folder,
}

impl Environment {
    /// Makes topics and schemas, starts the simulators and every service, waits until all are ready and the stock is
    /// on the shelf.
    ///
    /// # Errors
    /// What did not work, with the end of the log of the process it was about.
    pub async fn start(servers: &Servers, binaries: Binaries, options: Options) -> Result<Self> {
        let connection = options.connection(servers)?;
        let folder = Folder::create()?;
        wiring::write_files(folder.path(), &options)?;
        let simulator = |name: &'static str| wiring::simulator(&binaries, folder.path(), &options, name);
        let started = tokio::try_join!(
            ground::prepare(&connection, &options),
            Instance::launch(|| simulator("gateway-simulator")),
            Instance::launch(|| simulator("carrier-simulator")),
        );
        let ((), gateway, carrier) = started.inspect_err(|_| folder.keep())?;
        let services = Mutex::default();
        let status = wiring::address()?;
        let environment = Self { options, connection, binaries, status, gateway, carrier, services, folder };
        environment.start_services().await.inspect_err(|_| environment.folder.keep())?;
        Ok(environment)
    }

    async fn start_services(&self) -> Result<()> {
        let wanted = SERVICES
            .into_iter()
            .flat_map(|service| (0..self.options.count_of(service)).map(move |slot| self.add(service, slot)));
        try_join_all(wanted).await?;
        if self.options.seed_stock && self.options.count_of("order-intake") > 0 {
            stock::wait_until_seeded(&self.connection).await?;
        }
        Ok(())
    }

    /// Starts one more instance of a service, `<service>-<slot>`, and waits until it is ready.
    ///
    /// # Errors
    /// As [`Environment::start`].
    pub async fn add(&self, service: &'static str, slot: usize) -> Result<Arc<Instance>> {
        let instance = Instance::launch(|| wiring::service(self, service, slot)).await?;
        let instance = Arc::new(instance);
        self.services().insert(instance.name().to_owned(), Arc::clone(&instance));
        Ok(instance)
    }

    /// An instance by name, such as `payment-0`.
    ///
    /// # Errors
    /// When there is none.
    pub fn instance(&self, name: &str) -> Result<Arc<Instance>> {
        self.services().get(name).cloned().with_context(|| format!("there is no instance {name}"))
    }

    /// Every instance of every service.
    pub fn instances(&self) -> Vec<Arc<Instance>> {
        self.services().values().cloned().collect()
    }

    /// Ends an instance (SIGTERM) and starts it again where it was.
    ///
    /// # Errors
    /// When there is none, or it does not become ready.
    pub async fn restart(&self, name: &str) -> Result<()> {
        let instance = self.instance(name)?;
        instance.stop(GRACE).await;
        instance.start_again().await
    }

    /// Where orders go: the base address of the first intake.
    ///
    /// # Errors
    /// When no intake was started.
    pub fn intake_url(&self) -> Result<String> {
        let intake = self.instance("order-intake-0")?;
        intake.http_url().map(str::to_owned).context("order-intake serves no HTTP")
    }

    /// Where recommendations are asked for: the base address of the first instance of that service.
    ///
    /// # Errors
    /// When none was started.
    pub fn recommendation_url(&self) -> Result<String> {
        let instance = self.instance("recommendation-0")?;
        instance.http_url().map(str::to_owned).context("recommendation serves no HTTP")
    }

    /// Where orders are looked at, cancelled and reviewed: the base address of the first order-status.
    pub fn status_url(&self) -> &str {
        &self.status.url
    }

    /// The payment gateway.
    pub fn gateway(&self) -> &Instance {
        &self.gateway
    }

    /// The parcel carrier.
    pub fn carrier(&self) -> &Instance {
        &self.carrier
    }

    /// The gateway's ledger.
    pub fn gateway_ledger(&self) -> std::path::PathBuf {
        wiring::ledger(self.folder.path(), "gateway-simulator")
    }

    /// The carrier's ledger.
    pub fn carrier_ledger(&self) -> std::path::PathBuf {
        wiring::ledger(self.folder.path(), "carrier-simulator")
    }

    /// Where the label documents are.
    pub fn label_store(&self) -> std::path::PathBuf {
        wiring::label_store(self.folder.path())
    }

    /// The servers and the prefix, as the commands take them.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// How topics and groups are named.
    pub fn names(&self) -> Names {
        self.connection.names()
    }

    /// What Kafka clients of this environment begin with.
    pub fn kafka_config(&self) -> ClientConfig {
        self.connection.kafka_config()
    }

    /// Logs, ledgers, labels.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps the folder beyond the end.
    pub fn keep_folder(&self) {
        self.folder.keep();
    }

    /// Ends everything in order: intake, then the other services (SIGTERM, side by side), then the simulators.
    /// Returns the names of those that did not end by themselves or ended with a failure.
    pub async fn stop(&self) -> Vec<String> {
        let (intake, others): (Vec<_>, Vec<_>) =
            self.instances().into_iter().partition(|instance| instance.service() == "order-intake");
        let mut unclean = stop_all(&intake).await;
        unclean.extend(stop_all(&others).await);
        for simulator in [&self.gateway, &self.carrier] {
            if !simulator.stop(GRACE).await {
                unclean.push(simulator.name().to_owned());
            }
        }
        unclean
    }

    fn services(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Instance>>> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn stop_all(instances: &[Arc<Instance>]) -> Vec<String> {
    let stopped = join_all(instances.iter().map(|instance| instance.stop(GRACE))).await;
    let names = instances.iter().zip(stopped).filter(|(_, clean)| !clean);
    names.map(|(instance, _)| instance.name().to_owned()).collect()
}
