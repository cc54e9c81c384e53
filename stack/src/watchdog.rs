//! No child survives its parent, however the parent ends.
//!
//! A parent killed with SIGKILL runs no destructor, so somebody else must notice. That is a small shell beside each
//! child, reading a pipe whose only writer is the parent: the kernel closes it when the parent is gone, however it
//! went, and the shell then kills the child's process group. Nothing polls, and no unsafe code is needed.
//!
//! The child itself starts behind a gate: a shell that waits for a line before it becomes the program. So the
//! watchdog is in place before the program runs, and a parent killed in between leaves neither.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

const SHELL: &str = "/bin/sh";
const GATE: &str = r#"read -r _ && exec "$@" </dev/null"#;
const WATCH: &str =
    r#"read -r word; [ "$word" = over ] && exit; kill -s KILL -- "-$1"; [ -z "$2" ] || rm -rf -- "$2""#;
/// Twice: the parent may have gone while the engine was making the container.
const WATCH_CONTAINER: &str = r#"read -r word; [ "$word" = over ] && exit
docker rm --force --volumes -- "$1"; sleep 5; docker rm --force --volumes -- "$1""#;

/// The shell that outlives this process just long enough to kill one process group, or to remove one container.
#[derive(Debug)]
pub struct Watchdog(Child);

/// A command for `program` behind the gate, in a process group of its own, writing to `log`. Arguments and
/// environment are the caller's to add; [`release`] lets it run.
///
/// # Errors
/// When the log cannot be written to.
pub fn gated(program: &Path, log: &File) -> Result<Command> {
    let mut command = Command::new(SHELL);
    command.args([OsStr::new("-c"), OsStr::new(GATE), OsStr::new("gate"), program.as_os_str()]);
    command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log.try_clone()?);
    // Its own group: Ctrl-C in a terminal goes to the parent alone, which then ends its children in order.
    command.process_group(0);
    Ok(command)
}

/// Opens the gate for a child that was spawned from [`gated`] and is being watched.
///
/// # Errors
/// When the child is gone already.
pub fn release(child: &mut Child) -> Result<()> {
    let mut gate = child.stdin.take().context("the child has no gate")?;
    gate.write_all(b"go\n").context("the child is gone before it began")
}

impl Watchdog {
    /// Watches the process group `group`; if this process ends first, kills it and removes `scratch`.
    ///
    /// # Errors
    /// When there is no shell.
    pub fn over(group: u32, scratch: Option<&Path>) -> Result<Self> {
        let scratch = scratch.map_or(OsStr::new(""), Path::as_os_str);
        Self::spawn(WATCH, &[OsStr::new(&group.to_string()), scratch])
    }

    /// Watches a container by its name, which may not exist yet; if this process ends first, removes it and its data.
    ///
    /// # Errors
    /// When there is no shell.
    pub fn over_container(name: &str) -> Result<Self> {
        Self::spawn(WATCH_CONTAINER, &[OsStr::new(name)])
    }

    fn spawn(script: &str, arguments: &[&OsStr]) -> Result<Self> {
        let shell = Command::new(SHELL)
            .args(["-c", script, "watchdog"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("no /bin/sh")?;
        Ok(Self(shell))
    }
}

impl Drop for Watchdog {
    /// The child has been reaped (its id may soon be another's) or the container removed: nothing is to be done any more.
    fn drop(&mut self) {
        if let Some(mut pipe) = self.0.stdin.take() {
            let _ = pipe.write_all(b"over\n");
        }
        let _ = self.0.wait();
    }
}
