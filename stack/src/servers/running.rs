//! What a server runs as: a child process or a container, ended and held up in the same ways.

use std::time::Duration;

use anyhow::Result;

use super::container::Container;
use crate::processes::Process;

#[derive(Debug)]
pub(super) enum Running {
    Process(Process),
    Container(Container),
}

impl Running {
    /// Starts again what can be; `false` for a process, which must be made anew.
    pub(super) async fn restart(&self) -> Result<bool> {
        match self {
            Self::Process(_) => Ok(false),
            Self::Container(container) => container.start().await.map(|()| true),
        }
    }

    /// How it ended, if it has.
    pub(super) fn ended(&self) -> Option<String> {
        match self {
            Self::Process(process) => process.exit_status().map(|status| status.to_string()),
            Self::Container(container) => {
                container.pid().is_none().then(|| "the container has ended".to_owned())
            }
        }
    }

    /// Its process on this machine, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        match self {
            Self::Process(process) => process.is_running().then(|| process.pid()),
            Self::Container(container) => container.pid(),
        }
    }

    pub(super) async fn stop(&self, grace: Duration) {
        match self {
            Self::Process(process) => process.stop(grace).await,
            Self::Container(container) => note("stop", container.stop(grace).await),
        }
    }

    pub(super) fn kill(&self) {
        match self {
            Self::Process(process) => process.kill_9(),
            Self::Container(container) => note("kill", container.kill()),
        }
    }

    pub(super) fn freeze(&self) {
        match self {
            Self::Process(process) => process.freeze(),
            Self::Container(container) => note("freeze", container.freeze()),
        }
    }

    pub(super) fn thaw(&self) {
        match self {
            Self::Process(process) => process.thaw(),
            Self::Container(container) => note("thaw", container.thaw()),
        }
    }
}

/// As with a process: what has ended already cannot be ended, and whoever asks looks at what became of it.
fn note(what: &str, done: Result<()>) {
    if let Err(error) = done {
        tracing::debug!("cannot {what} a container: {error:#}");
    }
}
