//! The versions of the fraud model: publishing one, trying it, letting it decide, going back.

mod list;
mod operate;
mod promote;
mod publish;
mod report;
mod show;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use orderflow_model::ModelStore;
use orderflow_storage::{Address, variables};
use orderflow_versions::Known;

use crate::{commands::words::words, connection::Connection};
pub(in crate::commands) use report::told;

/// What an operator does with versions.
#[derive(Debug, Subcommand)]
pub(in crate::commands) enum Versions {
    /// Which versions there are, and which of them serve.
    List(list::List),
    /// What is known of a version.
    Show(show::Show),
    /// Verifies a trained model and puts it into the model store. It serves nobody yet.
    Publish(publish::Publish),
    /// Tries a version beside the live one: it scores every order and decides none.
    Shadow(operate::Shadow),
    /// Lets a version decide the orders of some customers.
    Canary(operate::Canary),
    /// Makes a version the live one, if it passes the gate.
    Promote(promote::Promote),
    /// Makes the version that was live before the live one again.
    Rollback(operate::Rollback),
    /// Switches the model off: rules decide.
    Off(operate::Off),
    /// Switches the model on again.
    On(operate::On),
    /// How a version that is tried compares with what decides.
    Report(report::Report),
}

impl Versions {
    pub async fn run(self) -> Result<bool> {
        match self {
            Self::List(command) => command.run().await,
            Self::Show(command) => command.run().await,
            Self::Publish(command) => command.run().await,
            Self::Shadow(command) => command.run().await,
            Self::Canary(command) => command.run().await,
            Self::Promote(command) => command.run().await,
            Self::Rollback(command) => command.run().await,
            Self::Off(command) => command.run().await,
            Self::On(command) => command.run().await,
            Self::Report(command) => command.run().await,
        }
    }
}

/// Who does something, and why.
#[derive(Debug, Args)]
struct Operator {
    /// Who does this, for `models`.
    #[arg(long, value_parser = words)]
    by: String,
    /// Why, for `models`: nothing personal, since it stays.
    #[arg(long, value_parser = words)]
    reason: String,
}

/// Fetches a published version into a folder below `into`.
pub(in crate::commands) async fn fetched(
    connection: &Connection,
    address: &Address,
    version: &str,
    into: &Path,
) -> Result<PathBuf> {
    let known = Known::read(&connection.access()?).await?;
    let version = &known.version(version)?.version;
    Ok(store(address)?.fetch(&version.folder, &version.manifest_sha256, into).await?)
}

/// Opens the model store.
fn store(address: &Address) -> Result<ModelStore> {
    Ok(ModelStore::open(address, variables())?)
}
