//! The `orderflow` command as an operator runs it.

use std::process::Output;

use serde_json::Value;
use tokio::process::Command;

use crate::{Shop, servers};

impl Shop {
    /// Runs `orderflow` with these arguments on this shop; what it prints, as JSON. It must succeed.
    pub async fn orderflow(&self, arguments: &[&str]) -> Value {
        self.orderflow_given(&[], arguments).await
    }

    /// Runs it likewise, where it must not succeed; what it says to people.
    pub async fn orderflow_refuses(&self, arguments: &[&str]) -> String {
        let output = self.run(&[], arguments).await;
        assert!(!output.status.success(), "orderflow {arguments:?} succeeds");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// The same with more variables.
    pub async fn orderflow_given(&self, variables: &[(String, String)], arguments: &[&str]) -> Value {
        let output = self.run(variables, arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "orderflow {arguments:?}: {}\n{said}", output.status);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    async fn run(&self, variables: &[(String, String)], arguments: &[&str]) -> Output {
        let program = servers::binaries().await.path("orderflow").unwrap();
        let mut command = Command::new(program);
        command.args(arguments).arg("--json");
        command.envs(self.environment.connection().variables()).envs(variables.iter().cloned());
        command.output().await.unwrap()
    }
}
