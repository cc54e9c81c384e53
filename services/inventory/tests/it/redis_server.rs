//! A Redis of the test's own, gone with the test.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use orderflow::state::State;
use redis::{Client, aio::ConnectionManager};
use tempfile::TempDir;

/// A running redis-server on a socket in a folder of its own.
pub struct RedisServer {
    process: Child,
    client: Client,
    folder: TempDir,
}

impl RedisServer {
    /// Starts one; `None`, with a word about it, where there is no redis-server.
    pub fn start() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let socket = folder.path().join("socket");
        let started = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn();
        let Ok(process) = started else {
            println!("skipped: no redis-server on PATH");
            return None;
        };
        let client = Client::open(format!("redis+unix://{}", socket.display())).unwrap();
        let server = Self { process, client, folder };
        server.wait();
        Some(server)
    }

    /// The state of one instance of the service, over a connection of its own.
    pub async fn state(&self, root: &str) -> State {
        let redis = ConnectionManager::new(self.client.clone()).await.unwrap();
        let state = State::new(redis, root);
        state.initialise("cluster").await.unwrap();
        state
    }

    fn wait(&self) {
        let patience = Instant::now() + Duration::from_secs(20);
        while self.client.get_connection().is_err() {
            assert!(Instant::now() < patience, "Redis in {} does not answer", self.folder.path().display());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
