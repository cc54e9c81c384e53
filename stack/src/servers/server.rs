//! One server as a child process: started until it answers, stopped, started again in its place.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::logs::tail;
use crate::memory::Memory;
use crate::probe::Probe;
use crate::processes::{Process, Spec};

/// A broker takes 3 s on an idle machine; this is for one that also compiles.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// A broker writes its state down when asked to end; 1 s usually does.
const STOPPED_WITHIN: Duration = Duration::from_secs(20);
/// How often another process may take the port between our choosing and the server's binding it.
const ATTEMPTS: usize = 3;

/// How to start a server, where it will be, and how to ask whether it is ready.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) spec: Spec,
    /// As clients take it.
    pub(super) address: String,
    pub(super) probe: Probe,
}

/// A server started here. Ends when dropped.
#[derive(Debug)]
pub struct Server {
    plan: Plan,
    // None while stopped.
    process: Mutex<Option<Arc<Process>>>,
}

impl Server {
    /// Starts by `plan`, which is asked again, for other ports, when another process was quicker to take one.
    pub(super) async fn start(plan: impl Fn() -> Result<Plan>) -> Result<Self> {
        let mut attempt = 1;
        loop {
            let server = Self { plan: plan()?, process: Mutex::new(None) };
            match server.start_again().await {
                Ok(()) => return Ok(server),
                Err(_) if attempt < ATTEMPTS && port_was_taken(server.log()) => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts it where it was: same port, same data. Does nothing while it runs.
    ///
    /// # Errors
    /// When it does not become ready, with the end of its log.
    pub async fn start_again(&self) -> Result<()> {
        if self.process().is_some_and(|process| process.is_running()) {
            return Ok(());
        }
        let process = Arc::new(Process::start(&self.plan.spec)?);
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&process));
        process.ready_when(READY_WITHIN, || self.plan.probe.ask()).await
    }

    /// Ends it as an operator would (SIGTERM) and waits for that. Data and port are kept.
    pub async fn stop(&self) {
        self.stop_within(STOPPED_WITHIN).await;
    }

    pub(super) async fn stop_within(&self, grace: Duration) {
        if let Some(process) = self.process() {
            process.stop(grace).await;
        }
    }

    /// Ends it as a crash would (SIGKILL). Data and port are kept. A broker then takes up to 9 s longer to come back:
    /// its controller remembers a live session and waits for it to run out. A shorter session would fence brokers
    /// that only wait for a processor.
    pub fn crash(&self) {
        if let Some(process) = self.process() {
            process.kill_9();
        }
    }

    /// Stops it in its tracks, connections open, until [`Server::thaw`].
    pub fn freeze(&self) {
        if let Some(process) = self.process() {
            process.freeze();
        }
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        if let Some(process) = self.process() {
            process.thaw();
        }
    }

    /// Where clients find it.
    pub fn address(&self) -> &str {
        &self.plan.address
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        &self.plan.spec.log
    }

    /// Its process id; another one after each start.
    ///
    /// # Errors
    /// While it is stopped.
    pub fn pid(&self) -> Result<u32> {
        self.running().map(|process| process.pid())
    }

    /// Its memory in bytes.
    ///
    /// # Errors
    /// While it is stopped.
    pub fn memory(&self) -> Result<Memory> {
        self.running()?.memory()
    }

    fn running(&self) -> Result<Arc<Process>> {
        let running = self.process().filter(|process| process.is_running());
        running.with_context(|| format!("{} is stopped", self.plan.spec.name))
    }

    fn process(&self) -> Option<Arc<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn port_was_taken(log: &Path) -> bool {
    // Java and Redis say the first, Quarkus the second.
    ["already in use", "already bound"].iter().any(|words| tail(log).contains(words))
}
