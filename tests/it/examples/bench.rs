//! What a step stands on: a state of its own on the shared Redis, a clock, a folder, and simulators.

use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    state::State,
    step::{Received, Step},
    topics::Names,
};
use orderflow_stack::{Process, Spec, free_port};
use orderflow_tests::{options, servers, waiting::PATIENCE};
use tempfile::TempDir;

use super::record::standing_at;

/// Where one example meets one step.
pub struct Bench {
    /// The service's state: nothing is known yet.
    pub state: State,
    /// Stands at the step's time, and goes on from there.
    pub clock: Clock,
    /// For whatever the step writes to files.
    pub folder: TempDir,
}

impl Bench {
    /// A bench of this service at this time.
    pub async fn new(service: &str, time: Timestamp) -> Self {
        let client = servers::connection(servers::shared().await, "").servers.redis.client();
        let redis = client.get_connection_manager().await.unwrap();
        let state = State::new(redis, Names::new(options().prefix).keys(service));
        state.initialise("cluster").await.unwrap();
        Self { state, clock: standing_at(time), folder: tempfile::tempdir().unwrap() }
    }
}

/// Lets a step have what must have come before the example: that is no example's to show, but must have worked.
pub async fn before<S: Step>(step: &S, record: Received<S::In>) {
    if let Err(fault) = step.handle(&[record]).await.unwrap().remove(0) {
        panic!("{} cannot prepare: {fault}", S::NAME);
    }
}

/// A running simulator.
pub struct Simulator {
    pub url: String,
    _process: Process,
    _folder: TempDir,
}

impl Simulator {
    /// The payment gateway.
    pub async fn gateway() -> Self {
        Self::start("gateway-simulator", "GATEWAY").await
    }

    /// The parcel carrier.
    pub async fn carrier() -> Self {
        Self::start("carrier-simulator", "CARRIER").await
    }

    async fn start(name: &str, stem: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listen = format!("127.0.0.1:{}", free_port().unwrap());
        let ledger = folder.path().join("ledger.jsonl").display().to_string();
        let env = vec![(format!("{stem}_LISTEN"), listen.clone()), (format!("{stem}_LEDGER"), ledger)];
        let program = servers::binaries().await.path(name).unwrap();
        let log = folder.path().join("simulator.log");
        let process =
            Process::start(&Spec { name: name.to_owned(), program, env, log, ..Spec::default() }).unwrap();
        let url = format!("http://{listen}");
        process.wait_ready(&format!("{url}/health/ready"), PATIENCE).await.unwrap();
        Self { url, _process: process, _folder: folder }
    }
}
