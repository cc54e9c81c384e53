//! A broker whose disk is full: for the while its data lies on a small disk in memory.

use std::{
    io::{ErrorKind, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use orderflow_stack::servers::Server;
use tokio::process::Command;

use super::{Fault, Lane, Strike, broker::needs_copies};
use crate::chaos::{dice::Dice, ground::Ground};

/// What is left on it before it is filled, in MB.
const LEFT: u64 = 48;
/// Fills it.
const FILLER: &str = "filler";
const PIECE: usize = 1024 * 1024;

/// The last broker's disk fills up; then there is room again.
pub(super) struct DiskFull;

#[async_trait]
impl Fault for DiskFull {
    fn name(&self) -> &'static str {
        "disk-full"
    }

    fn about(&self) -> &'static str {
        "a broker's disk (a tmpfs) fills up for 5 to 15 s; it is started again when there is room (needs root)"
    }

    fn lane(&self) -> Lane {
        Lane::World
    }

    fn lacks(&self, ground: &Ground) -> Option<String> {
        needs_copies(ground).or_else(|| {
            // Whose process this is.
            let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
            (!is_root).then(|| "only root may mount a small disk".to_owned())
        })
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let broker = victim(ground)?;
        let data = data(broker);
        broker.stop().await;
        onto_small_disk(&data).await?;
        broker.start_again().await?;
        tokio::time::sleep(dice.millis(1_000, 4_000)).await;
        fill(&data.join(FILLER))?;
        let lasts = dice.millis(5_000, 15_000);
        let what = format!("{} for {:.1} s", broker.address(), lasts.as_secs_f64());
        Ok(Strike { count: 1, what, lasts })
    }

    async fn heal(&self, ground: &Ground) -> Result<()> {
        let broker = victim(ground)?;
        let data = data(broker);
        if is_small_disk(&data)? {
            std::fs::remove_file(data.join(FILLER)).or_else(|error| match error.kind() {
                ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
            // It may have ended by itself; it must before its data is moved.
            broker.stop().await;
            back(&data).await?;
        }
        broker.start_again().await
    }
}

fn victim(ground: &Ground) -> Result<&Server> {
    ground.brokers()?.pop().context("no broker")
}

/// Beside its log, under the same name.
fn data(broker: &Server) -> PathBuf {
    broker.log().with_extension("")
}

async fn onto_small_disk(data: &Path) -> Result<()> {
    let aside = data.with_extension("aside");
    let used = run("du", &["-sm", &text(data)]).await?;
    let used: u64 = used.split_whitespace().next().and_then(|size| size.parse().ok()).unwrap_or(0);
    run("mv", &[&text(data), &text(&aside)]).await?;
    std::fs::create_dir(data)?;
    let size = format!("size={}m", used + LEFT);
    run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &text(data)]).await?;
    run("cp", &["-a", &format!("{}/.", text(&aside)), &text(data)]).await?;
    run("rm", &["-rf", &text(&aside)]).await.map(drop)
}

async fn back(data: &Path) -> Result<()> {
    let aside = data.with_extension("aside");
    run("cp", &["-a", &text(data), &text(&aside)]).await?;
    run("umount", &[&text(data)]).await?;
    std::fs::remove_dir(data)?;
    run("mv", &[&text(&aside), &text(data)]).await.map(drop)
}

fn is_small_disk(data: &Path) -> Result<bool> {
    let mounts = std::fs::read_to_string("/proc/mounts").context("reading the mounts")?;
    let here = text(data);
    Ok(mounts.lines().any(|line| line.split(' ').nth(1) == Some(here.as_str())))
}

/// Until there is no room.
fn fill(file: &Path) -> Result<()> {
    let mut file = std::fs::File::create(file)?;
    let piece = vec![0; PIECE];
    loop {
        match file.write_all(&piece) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

async fn run(program: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program).args(args).output().await.with_context(|| program.to_owned())?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {args:?}: {said}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
