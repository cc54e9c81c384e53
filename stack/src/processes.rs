//! A program as a child process that is watched, measured and ended.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::logs::tail;
use crate::memory::Memory;
use crate::probe::{http_ok, ready_when};
use crate::watchdog::{self, Watchdog};

/// How often a state that nobody announces is looked at.
const POLL: Duration = Duration::from_millis(10);

/// What to start.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// Names the process in messages.
    pub name: String,
    /// The program's file.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables on top of this process's own.
    pub env: Vec<(String, String)>,
    /// Standard output and standard error are appended here.
    pub log: PathBuf,
    /// Removed when the process was ended because this one died; its own owner removes it otherwise.
    pub scratch: Option<PathBuf>,
}

/// A running (or ended) child process. Dropping it kills and reaps it, and it never outlives this process.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: u32,
    log: PathBuf,
    child: Mutex<Watched>,
}

#[derive(Debug)]
struct Watched {
    child: Child,
    // Gone once the child is reaped.
    watchdog: Option<Watchdog>,
}

impl Process {
    /// Starts the program; returns as soon as it runs, ready or not.
    ///
    /// # Errors
    /// When the program or its log file cannot be opened.
    pub fn start(spec: &Spec) -> Result<Self> {
        // The gate's shell would only say so in the log.
        ensure!(spec.program.is_file(), "{}: {} is not there", spec.name, spec.program.display());
        let log = open_log(&spec.log)?;
        let mut command = watchdog::gated(&spec.program, &log)?;
        command.args(&spec.args).envs(spec.env.iter().map(|(key, value)| (key, value)));
        let mut child = command.spawn().with_context(|| format!("starting {}", spec.name))?;
        let pid = child.id();
        let watchdog = Watchdog::over(pid, spec.scratch.as_deref())?;
        watchdog::release(&mut child).with_context(|| format!("starting {}", spec.name))?;
        let child = Mutex::new(Watched { child, watchdog: Some(watchdog) });
        Ok(Self { name: spec.name.clone(), pid, log: spec.log.clone(), child })
    }

    /// The process id, also that of its process group.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The name it was started with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Whether it has not ended yet.
    pub fn is_running(&self) -> bool {
        self.exit_status().is_none()
    }

    /// How it ended, if it has.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.lock().reap()
    }

    /// Kills it at once (SIGKILL), as a crash would, and reaps it.
    pub fn kill_9(&self) {
        self.lock().kill();
    }

    /// Asks it to end (SIGTERM). [`Process::wait`] tells when it has.
    pub fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Stops it in its tracks (SIGSTOP), as a long pause of its machine would; it stands a moment later.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on after [`Process::freeze`] (SIGCONT).
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it still runs after `timeout`; it is left running.
    pub async fn wait(&self, timeout: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.exit_status() {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("{} still runs after {timeout:?}; log {}", self.name, self.log.display());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Ends it: SIGTERM, then SIGKILL once `grace` is over.
    pub async fn stop(&self, grace: Duration) {
        self.terminate();
        if self.wait(grace).await.is_err() {
            self.kill_9();
        }
    }

    /// Polls `url` until it answers with a success.
    ///
    /// # Errors
    /// As [`Process::ready_when`].
    pub async fn wait_ready(&self, url: &str, timeout: Duration) -> Result<()> {
        self.ready_when(timeout, || http_ok(url)).await
    }

    /// Asks `probe` until it says yes.
    ///
    /// # Errors
    /// At once when the process has ended, else after `timeout`; both with the last lines of the log.
    pub async fn ready_when<P, F>(&self, timeout: Duration, probe: P) -> Result<()>
    where
        P: Fn() -> F,
        F: Future<Output = bool>,
    {
        let ended = || self.exit_status().map(|status| status.to_string());
        let ready = ready_when(timeout, ended, probe).await;
        ready.map_err(|why| anyhow!("{} {why}{}", self.name, self.last_words()))
    }

    /// Memory now, in bytes.
    ///
    /// # Errors
    /// When the process has ended, or on a system without `/proc`.
    pub fn memory(&self) -> Result<Memory> {
        Memory::of(self.pid).with_context(|| format!("memory of {}", self.name))
    }

    fn last_words(&self) -> String {
        format!("; the end of {}:\n{}", self.log.display(), tail(&self.log))
    }

    fn signal(&self, signal: Signal) {
        let mut watched = self.lock();
        // Reaped under the same lock: a signal never goes to another process that got the id.
        if watched.reap().is_none() {
            // To the program alone: what it started is its own to end.
            let _ = kill(watched.group(), signal);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn group(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    fn reap(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().ok().flatten()?;
        self.watchdog = None;
        Some(status)
    }

    fn kill(&mut self) {
        if self.reap().is_none() {
            let _ = killpg(self.group(), Signal::SIGKILL);
            let _ = self.child.wait();
            self.watchdog = None;
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.kill();
    }
}

fn open_log(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let log = OpenOptions::new().create(true).append(true).open(path);
    log.with_context(|| format!("opening the log {}", path.display()))
}
