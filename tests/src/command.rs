//! The `orderflow` command as an operator runs it.

use std::process::Output;

use orderflow_cli::connection::Connection;
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
        printed(arguments, &run(self.environment.connection(), variables, arguments).await)
    }

    /// Runs `orderflow` with these arguments, which it must refuse; what it says then.
    pub async fn orderflow_refuses(&self, arguments: &[&str]) -> String {
        let output = run(self.environment.connection(), &[], arguments).await;
        assert!(!output.status.success(), "orderflow {arguments:?} was not refused");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

/// Runs `orderflow` with these arguments on these servers; what it prints, as JSON. It must succeed.
pub async fn orderflow(connection: &Connection, arguments: &[&str]) -> Value {
    printed(arguments, &run(connection, &[], arguments).await)
}

async fn run(connection: &Connection, variables: &[(String, String)], arguments: &[&str]) -> Output {
    let program = servers::binaries().await.path("orderflow").unwrap();
    let output = Command::new(program)
        .args(arguments)
        .arg("--json")
        .envs(connection.variables())
        .envs(variables.iter().cloned())
        .output();
    output.await.unwrap()
}

fn printed(arguments: &[&str], output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "orderflow {arguments:?}: {}\n{said}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
