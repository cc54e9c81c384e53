//! Ctrl-C and SIGTERM.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for either; the children are in process groups of their own and hear of neither.
pub(super) struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
    received: bool,
}

impl StopSignal {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        let (interrupt, terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, received: false })
    }

    /// Returns when one has come.
    pub(super) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        self.received = true;
        eprintln!("stopping");
    }

    /// Whether one has come.
    pub(super) fn was_received(&self) -> bool {
        self.received
    }
}
