//! One server started here: until it answers, stopped, started again in its place.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::container::{Container, Image};
use super::running::Running;
use crate::logs::tail;
use crate::memory::Memory;
use crate::probe::{Probe, ready_when};
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
    pub(super) runs: Runs,
    /// As clients take it.
    pub(super) address: String,
    pub(super) probe: Probe,
}

/// What a server is started as.
#[derive(Clone, Debug)]
pub(super) enum Runs {
    Process(Spec),
    /// By this name, with its log in this file.
    Container {
        name: String,
        image: Image,
        log: PathBuf,
    },
}

/// A server started here. Ends when dropped.
#[derive(Debug)]
pub struct Server {
    plan: Plan,
    // None before the first start. What runs is stopped, or a process that ended, when it does not run.
    running: Mutex<Option<Arc<Running>>>,
}

impl Server {
    /// Starts by `plan`, which is asked again, for other ports, when another process was quicker to take one.
    pub(super) async fn start(plan: impl Fn() -> Result<Plan>) -> Result<Self> {
        let mut attempt = 1;
        loop {
            let server = Self { plan: plan()?, running: Mutex::new(None) };
            match server.start_again().await {
                Ok(()) => return Ok(server),
                Err(error) if attempt < ATTEMPTS && port_was_taken(server.log(), &error) => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts it where it was: same port, same data. Does nothing while it runs.
    ///
    /// # Errors
    /// When it does not become ready, with the end of its log.
    pub async fn start_again(&self) -> Result<()> {
        let running = match self.running() {
            Some(running) if running.pid().is_some() => return Ok(()),
            // A container has its data inside.
            Some(running) if running.restart().await? => running,
            _ => Arc::new(self.plan.runs.start().await?),
        };
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&running));
        let ready = ready_when(READY_WITHIN, || running.ended(), || self.plan.probe.ask()).await;
        ready.map_err(|why| {
            let (name, log) = (self.plan.runs.name(), self.log());
            anyhow!("{name} {why}; the end of {}:\n{}", log.display(), tail(log))
        })
    }

    /// Ends it as an operator would (SIGTERM) and waits for that. Data and port are kept.
    pub async fn stop(&self) {
        self.stop_within(STOPPED_WITHIN).await;
    }

    pub(super) async fn stop_within(&self, grace: Duration) {
        if let Some(running) = self.running() {
            running.stop(grace).await;
        }
    }

    /// Ends it as a crash would (SIGKILL). Data and port are kept. A broker then takes up to 9 s longer to come back:
    /// its controller remembers a live session and waits for it to run out. A shorter session would fence brokers
    /// that only wait for a processor.
    pub fn crash(&self) {
        if let Some(running) = self.running() {
            running.kill();
        }
    }

    /// Stops it in its tracks, connections open, until [`Server::thaw`].
    pub fn freeze(&self) {
        if let Some(running) = self.running() {
            running.freeze();
        }
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        if let Some(running) = self.running() {
            running.thaw();
        }
    }

    /// Where clients find it.
    pub fn address(&self) -> &str {
        &self.plan.address
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        self.plan.runs.log()
    }

    /// Its process id; another one after each start.
    ///
    /// # Errors
    /// While it is stopped.
    pub fn pid(&self) -> Result<u32> {
        let pid = self.running().and_then(|running| running.pid());
        pid.with_context(|| format!("{} is stopped", self.plan.runs.name()))
    }

    /// Its memory in bytes.
    ///
    /// # Errors
    /// While it is stopped.
    pub fn memory(&self) -> Result<Memory> {
        Memory::of(self.pid()?).with_context(|| format!("memory of {}", self.plan.runs.name()))
    }

    fn running(&self) -> Option<Arc<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Runs {
    /// A container with a name of its own.
    pub(super) fn container(what: &str, image: Image, log: PathBuf) -> Self {
        Self::Container { name: Container::fresh_name(what), image, log }
    }

    async fn start(&self) -> Result<Running> {
        Ok(match self {
            Self::Process(spec) => Running::Process(Process::start(spec)?),
            Self::Container { name, image, log } => {
                Running::Container(Container::start_new(name.clone(), image, log.clone()).await?)
            }
        })
    }

    fn name(&self) -> &str {
        match self {
            Self::Process(spec) => &spec.name,
            Self::Container { name, .. } => name,
        }
    }

    fn log(&self) -> &Path {
        match self {
            Self::Process(spec) => &spec.log,
            Self::Container { log, .. } => log,
        }
    }
}

fn port_was_taken(log: &Path, error: &anyhow::Error) -> bool {
    let said = format!("{error:#}\n{}", tail(log));
    // Java and Redis say the first, Quarkus the second, an engine the third.
    ["already in use", "already bound", "already allocated"].iter().any(|words| said.contains(words))
}
