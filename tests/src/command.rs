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

    /// The same for a command that prints a JSON document a line.
    pub async fn orderflow_lines(&self, arguments: &[&str]) -> Vec<Value> {
        let output = run(self.environment.connection(), &[], arguments).await;
        assert!(output.status.success(), "orderflow {arguments:?}: {}\n{}", output.status, said(&output));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }

    /// The same for a command that may find that not all is well: whether it did not, and what it prints.
    pub async fn orderflow_finds(&self, arguments: &[&str]) -> (bool, Value) {
        let output = run(self.environment.connection(), &[], arguments).await;
        (output.status.success(), json(arguments, &output))
    }

    /// Runs `orderflow` with these arguments, which it must refuse; what it says then.
    pub async fn orderflow_refuses(&self, arguments: &[&str]) -> String {
        let output = run(self.environment.connection(), &[], arguments).await;
        assert!(!output.status.success(), "orderflow {arguments:?} was not refused");
        said(&output)
    }
}

/// Runs `orderflow` with these arguments on these servers; what it prints, as JSON. It must succeed.
pub async fn orderflow(connection: &Connection, arguments: &[&str]) -> Value {
    printed(arguments, &run(connection, &[], arguments).await)
}

async fn run(connection: &Connection, variables: &[(String, String)], arguments: &[&str]) -> Output {
    let program = servers::binaries().await.path("orderflow").unwrap();
    // What stands behind `--` is somebody else's.
    let end = arguments.iter().position(|argument| *argument == "--").unwrap_or(arguments.len());
    let output = Command::new(program)
        .args(&arguments[..end])
        .arg("--json")
        .args(&arguments[end..])
        .envs(connection.variables())
        .envs(variables.iter().cloned())
        .output();
    output.await.unwrap()
}

fn printed(arguments: &[&str], output: &Output) -> Value {
    assert!(output.status.success(), "orderflow {arguments:?}: {}\n{}", output.status, said(output));
    json(arguments, output)
}

fn json(arguments: &[&str], output: &Output) -> Value {
    let printed = serde_json::from_slice(&output.stdout);
    printed.unwrap_or_else(|error| panic!("orderflow {arguments:?}: {error}\n{}", said(output)))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
