//! The `orderflow` command as an operator runs it.

use serde_json::Value;
use tokio::process::Command;

use crate::{Shop, servers};

impl Shop {
    /// Runs `orderflow` with these arguments on this shop; what it prints, as JSON. It must succeed.
    pub async fn orderflow(&self, arguments: &[&str]) -> Value {
        self.orderflow_given(&[], arguments).await
    }

    /// The same with more variables.
    pub async fn orderflow_given(&self, variables: &[(String, String)], arguments: &[&str]) -> Value {
        let program = servers::binaries().await.path("orderflow").unwrap();
        let output = Command::new(program)
            .args(arguments)
            .arg("--json")
            .envs(self.environment.connection().variables())
            .envs(variables.iter().cloned())
            .output();
        let output = output.await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "orderflow {arguments:?}: {}\n{said}", output.status);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}
