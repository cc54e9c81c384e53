//! The request to stop, as the loop and the HTTP servers see it.

use std::{sync::Arc, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Clones see the same request.
#[derive(Debug, Clone)]
pub(crate) struct Shutdown {
    sender: Arc<watch::Sender<bool>>,
}

impl Shutdown {
    pub fn new() -> Self {
        Self { sender: Arc::new(watch::Sender::new(false)) }
    }

    pub fn request(&self) {
        self.sender.send_replace(true);
    }

    pub fn requested(&self) -> bool {
        *self.sender.borrow()
    }

    pub async fn when_requested(&self) {
        let mut requested = self.sender.subscribe();
        // An error means that nobody is left to ask: as good as a request.
        let _ = requested.wait_for(|requested| *requested).await;
    }

    /// Blocks this thread for so long, or until the request.
    pub fn wait(&self, time: Duration) {
        let until = std::time::Instant::now() + time;
        while !self.requested() && std::time::Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20).min(time));
        }
    }

    /// Requests on SIGTERM or SIGINT.
    pub async fn on_signal(self) -> std::io::Result<()> {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = self.when_requested() => {}
        }
        self.request();
        Ok(())
    }
}
