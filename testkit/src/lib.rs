//! What tests share: a Redis of a test's own, where one is installed, and an [`endpoint`] of webhooks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod endpoint;

use std::{
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use orderflow::state::State;
use redis::{
    Client,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tempfile::TempDir;

/// A redis-server on a socket in a folder of its own; killed when dropped.
pub struct RedisServer {
    child: Child,
    folder: TempDir,
    states: AtomicUsize,
}

impl RedisServer {
    /// Starts one; `None`, with a word about it, where none is installed.
    #[must_use]
    pub fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--unixsocket", "redis.sock", "--save", "", "--appendonly", "no", "--dir"])
            .arg(folder.path())
            .current_dir(folder.path())
            // Scripts compare texts by the server's locale; with this one as Rust does.
            .env("LC_ALL", "C")
            .stdout(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            println!("skipped: no redis-server on PATH");
            return None;
        };
        let server = Self { child, folder, states: AtomicUsize::new(0) };
        server.listens();
        Some(server)
    }

    fn listens(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while let Err(error) = UnixStream::connect(self.socket()) {
            assert!(Instant::now() < deadline, "no Redis: {error}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// A connection.
    pub async fn connect(&self) -> ConnectionManager {
        // The client's own limit of half a second is too short for a large batch on a busy machine.
        let config = ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_mins(1)));
        let client = Client::open(self.url()).unwrap();
        ConnectionManager::new_with_config(client, config).await.unwrap()
    }

    /// State below `root`, ready for use, over a connection of its own.
    pub async fn state(&self, root: &str) -> State {
        let state = State::new(self.connect().await, root);
        state.initialise("cluster").await.unwrap();
        state
    }

    /// State below a root that no other has, ready for use.
    pub async fn fresh(&self) -> State {
        let number = self.states.fetch_add(1, Ordering::Relaxed);
        self.state(&format!("test{number}:")).await
    }

    /// Ends the server, as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a future to its end, for property tests.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
