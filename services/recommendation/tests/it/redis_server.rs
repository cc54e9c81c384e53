use std::{
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

/// A Redis of this test's own, on a socket in its own folder; ends with it.
pub struct RedisServer {
    child: Child,
    folder: TempDir,
    states: AtomicUsize,
}

impl RedisServer {
    /// Starts one; none, with a word why, where Redis is not installed.
    pub fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--unixsocket", "redis.sock", "--save", "", "--appendonly", "no", "--dir"])
            .arg(folder.path())
            .current_dir(folder.path())
            // Scripts compare texts by the server's locale; which of two equal weights stays is then as in Rust.
            .env("LC_ALL", "C")
            .stdout(Stdio::null())
            .spawn();
        match child {
            Ok(child) => Some(Self { child, folder, states: AtomicUsize::new(0) }),
            Err(_) => {
                println!("skipped: no redis-server on PATH");
                None
            }
        }
    }

    pub async fn connect(&self) -> ConnectionManager {
        let url = format!("redis+unix://{}", self.folder.path().join("redis.sock").display());
        // The client's own limit of half a second is too short for a large batch on a busy machine.
        let config = ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_secs(60)));
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match ConnectionManager::new_with_config(Client::open(url.as_str()).unwrap(), config.clone())
                .await
            {
                Ok(connection) => return connection,
                Err(error) => assert!(Instant::now() < deadline, "no Redis: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// An empty state of its own, ready to be used.
    pub async fn state(&self, redis: &ConnectionManager) -> State {
        let number = self.states.fetch_add(1, Ordering::Relaxed);
        let state = State::new(redis.clone(), format!("test{number}:recommendation:"));
        state.initialise("cluster").await.unwrap();
        state
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
