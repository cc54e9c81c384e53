//! One process of the environment: started, stopped, killed, started again in its place.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use orderflow_stack::{Memory, Process, Spec, logs};

/// A service takes under 2 s once its servers are up; this is for a machine that also compiles.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// How often another process may take a port between our choosing and its being bound.
const ATTEMPTS: usize = 3;

/// How to start a process, and where it then is.
pub(super) struct Plan {
    /// What it is an instance of.
    pub(super) service: &'static str,
    /// The program; its name is the instance's.
    pub(super) spec: Spec,
    /// Base address of health, readiness and metrics.
    pub(super) operator_url: String,
    /// Base address of what it serves to others, if it does.
    pub(super) http_url: Option<String>,
}

/// A process of the environment. Ended when dropped.
pub struct Instance {
    plan: Plan,
    process: Mutex<Option<Arc<Process>>>,
}

impl Instance {
    /// Starts by `plan`, which is asked again, for other ports, when another process was quicker to take one.
    pub(super) async fn launch(plan: impl Fn() -> Result<Plan>) -> Result<Self> {
        let mut attempt = 1;
        loop {
            let instance = Self { plan: plan()?, process: Mutex::new(None) };
            match instance.start_again().await {
                Ok(()) => return Ok(instance),
                Err(_) if attempt < ATTEMPTS && port_was_taken(instance.log()) => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts it where it was, same name, ports and files, and waits until it is ready. Nothing while it runs.
    ///
    /// # Errors
    /// With the end of its log, when it does not become ready.
    pub async fn start_again(&self) -> Result<()> {
        self.start_unready()?;
        self.wait_ready().await
    }

    /// Starts it where it was and does not wait. Nothing while it runs.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start_unready(&self) -> Result<()> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if process.as_ref().is_none_or(|process| !process.is_running()) {
            *process = Some(Arc::new(Process::start(&self.plan.spec)?));
        }
        Ok(())
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// With the end of its log, when it does not become ready.
    pub async fn wait_ready(&self) -> Result<()> {
        self.process()?.wait_ready(&format!("{}/health/ready", self.plan.operator_url), READY_WITHIN).await
    }

    /// Ends it (SIGTERM, after `grace` SIGKILL). Whether it ended by itself and well; also true if it did not run.
    pub async fn stop(&self, grace: Duration) -> bool {
        let Ok(process) = self.process() else { return true };
        if process.exit_status().is_some() {
            return true;
        }
        process.terminate();
        match process.wait(grace).await {
            Ok(status) => status.success(),
            Err(_) => {
                process.kill_9();
                false
            }
        }
    }

    /// Kills it as a crash would (SIGKILL).
    ///
    /// # Errors
    /// When it was never started.
    pub fn kill_9(&self) -> Result<()> {
        self.process().map(|process| process.kill_9())
    }

    /// The process as it is now.
    ///
    /// # Errors
    /// When it was never started.
    pub fn process(&self) -> Result<Arc<Process>> {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).clone();
        process.with_context(|| format!("{} was never started", self.name()))
    }

    /// Its memory in bytes.
    ///
    /// # Errors
    /// While it does not run.
    pub fn memory(&self) -> Result<Memory> {
        self.process()?.memory()
    }

    /// Its name, such as `payment-0`.
    pub fn name(&self) -> &str {
        &self.plan.spec.name
    }

    /// What it is an instance of.
    pub fn service(&self) -> &'static str {
        self.plan.service
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        &self.plan.spec.log
    }

    /// Base address of its operator endpoints.
    pub fn operator_url(&self) -> &str {
        &self.plan.operator_url
    }

    /// Base address of what it serves to others, if it does.
    pub fn http_url(&self) -> Option<&str> {
        self.plan.http_url.as_deref()
    }
}

fn port_was_taken(log: &Path) -> bool {
    ["already in use", "in use (os error", "cannot listen on"]
        .iter()
        .any(|words| logs::tail(log).contains(words))
}
