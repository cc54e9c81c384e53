//! `orderflow schemas check|register`.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{print, print_json, table::table};
use crate::{
    connection::Connection,
    contracts::{self, Contract, Standing},
};

const CHECK: &str = "\
Examples:
  orderflow schemas check --registry http://localhost:8081
  ORDERFLOW_PREFIX=staging. orderflow schemas check --json";
const REGISTER: &str = "\
Examples:
  orderflow schemas register --registry http://localhost:8081
  orderflow schemas check || orderflow schemas register";

/// The schemas of this build in the registry.
#[derive(Debug, Subcommand)]
pub(super) enum Schemas {
    /// What is registered, missing, compatible, incompatible. Exit code 1 unless every schema is registered.
    #[command(after_help = CHECK)]
    Check(Asked),
    /// Registers what is missing, with FULL_TRANSITIVE compatibility. Nothing when any schema is incompatible.
    #[command(after_help = REGISTER)]
    Register(Asked),
}

#[derive(Debug, Args)]
pub(super) struct Asked {
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Schemas {
    pub(super) async fn run(self) -> Result<bool> {
        let (Self::Check(asked) | Self::Register(asked)) = &self;
        let registry = asked.connection.registry()?;
        let names = asked.connection.names();
        let mut contracts = contracts::survey(&registry, &names).await?;
        let fits =
            !contracts.iter().any(|contract| matches!(contract.standing, Standing::Incompatible { .. }));
        if matches!(self, Self::Register(_)) && fits {
            let count = contracts::register(&registry, &contracts).await?;
            eprintln!("{count} registered");
            contracts = contracts::survey(&registry, &names).await?;
        }
        show(&contracts, asked.json)?;
        Ok(contracts.iter().all(|contract| matches!(contract.standing, Standing::Registered { .. })))
    }
}

fn show(contracts: &[Contract], json: bool) -> Result<()> {
    if json {
        return print_json(&contracts);
    }
    let mut table = table(["subject", "standing"]);
    for contract in contracts {
        table.add_row([&contract.subject, &describe(&contract.standing)]);
    }
    print(table)
}

fn describe(standing: &Standing) -> String {
    match standing {
        Standing::Registered { id, version } => format!("registered: version {version}, id {id}"),
        Standing::Missing => "missing: `orderflow schemas register`".to_owned(),
        Standing::Compatible => "a compatible new version: `orderflow schemas register`".to_owned(),
        Standing::Incompatible { why } => format!("INCOMPATIBLE: {why}"),
    }
}
