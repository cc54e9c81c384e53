//! A service alone, in an environment that is only partly there.

use std::time::Duration;

use orderflow_cli::connection::Connection;
use orderflow_stack::{Process, Spec, free_port};
use tempfile::TempDir;

use crate::{eventually, servers};

const SOON: Duration = Duration::from_secs(60);

/// An inventory service and nothing else.
pub struct Alone {
    /// The service's process.
    pub process: Process,
    ready: String,
    _folder: TempDir,
}

impl Alone {
    /// Starts it on the servers that `connection` leads to.
    pub async fn start(connection: &Connection) -> Self {
        Self::start_with(connection, &[]).await
    }

    /// The same with further variables.
    pub async fn start_with(connection: &Connection, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let operators = format!("127.0.0.1:{}", free_port().unwrap());
        let own =
            [("OPERATOR_LISTEN", operators.as_str()), ("INSTANCE_ID", "inventory-0"), ("LOG_FORMAT", "text")];
        let own = own.iter().chain(variables).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let spec = Spec {
            name: "inventory-0".to_owned(),
            program: servers::binaries().await.path("inventory").unwrap(),
            env: connection.variables().into_iter().chain(own).collect(),
            log: folder.path().join("inventory.log"),
            ..Spec::default()
        };
        let process = Process::start(&spec).unwrap();
        Self { process, ready: format!("http://{operators}/health/ready"), _folder: folder }
    }

    /// What it says before it ends, with a failure.
    pub async fn refuses(&self) -> String {
        let status = self.process.wait(SOON).await.unwrap();
        let said = self.said();
        assert!(!status.success(), "it ended well, after:\n{said}");
        assert!(!said.contains("panicked"), "{said}");
        said
    }

    /// Everything it has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.process.log()).unwrap()
    }

    /// Waits until it has said this.
    pub async fn says(&self, words: &str) {
        eventually(&format!("the words `{words}`"), async || {
            let said = self.said();
            if said.contains(words) { Ok(()) } else { Err(said) }
        })
        .await;
    }

    /// Waits until it is ready, and ends it in order.
    pub async fn gets_ready_and_ends(&self) {
        self.process.wait_ready(&self.ready, SOON).await.unwrap();
        self.process.terminate();
        assert!(self.process.wait(SOON).await.unwrap().success(), "{}", self.said());
    }
}
