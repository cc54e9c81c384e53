//! A simulator as the process it is.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Client, Response};
use serde_json::Value;

pub struct Process {
    child: Child,
    /// Kept open, so that the process never writes to a closed pipe.
    _out: BufReader<ChildStdout>,
    address: String,
    client: Client,
}

impl Process {
    pub fn gateway(ledger: &Path, faults: &str) -> Self {
        Self::start(env!("CARGO_BIN_EXE_gateway-simulator"), ledger, faults)
    }

    pub fn carrier(ledger: &Path, faults: &str) -> Self {
        Self::start(env!("CARGO_BIN_EXE_carrier-simulator"), ledger, faults)
    }

    fn start(program: &str, ledger: &Path, faults: &str) -> Self {
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--faults", faults, "--ledger"])
            .arg(ledger)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line.trim().split_once("listening on ").expect("the address").1.to_owned();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self { child, _out: out, address, client }
    }

    pub async fn post(&self, path: &str, key: &str, body: &Value) -> reqwest::Result<Response> {
        let request = self.client.post(format!("{}{path}", self.address));
        request.header("idempotency-key", key).json(body).send().await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.client.get(format!("{}{path}", self.address)).send().await.unwrap().json().await.unwrap()
    }

    /// SIGKILL: no chance to finish anything.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn terminate(&self) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM).unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
