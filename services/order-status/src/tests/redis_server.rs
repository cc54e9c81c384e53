//! A Redis of its own per test, on a socket in a temporary folder.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use orderflow::state::State;
use redis::{Client, aio::ConnectionManager};
use tempfile::TempDir;

/// A server, killed when dropped.
pub struct RedisServer {
    process: Child,
    folder: TempDir,
}

impl RedisServer {
    /// Starts one; `None`, with a word about it, when none is installed.
    pub fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(socket(folder.path()))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn();
        match process {
            Ok(process) => Some(Self { process, folder }),
            Err(_) => {
                eprintln!("skipped: no redis-server on PATH");
                None
            }
        }
    }

    /// State on this server, below this prefix, ready for use.
    pub async fn state(&self, prefix: &str) -> State {
        let client = Client::open(format!("redis+unix://{}", socket(self.folder.path()).display())).unwrap();
        let manager = loop {
            // The server opens its socket when it is ready.
            match ConnectionManager::new(client.clone()).await {
                Ok(manager) => break manager,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        let state = State::new(manager, prefix);
        state.initialise("cluster").await.unwrap();
        state
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn socket(folder: &Path) -> std::path::PathBuf {
    folder.join("redis.sock")
}
