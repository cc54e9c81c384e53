//! The command line: one file per command. Each returns whether all is well; output for people and machines goes to
//! standard output, progress to standard error.

mod audit;
mod cancel;
mod catalogue;
mod customers;
mod demo;
mod dlq;
mod doctor;
mod labels;
mod load;
mod models;
mod notifications;
mod orders;
mod problem;
mod rebuild;
mod replay;
mod reviews;
mod schemas;
mod snapshot;
mod status;
mod table;
mod topics;
mod verify;
mod watch;
mod words;

use std::io::Write;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  orderflow doctor                     what this machine has, what is reachable
  orderflow demo                       everything at once, on servers of its own
  orderflow topics diff                what `topics apply` would do
  orderflow orders show <ORDER-ID>     one order's timeline
  orderflow orders watch <ORDER-ID>    its events as they come
  orderflow review list                orders that wait for a person to decide
  orderflow customers erase <ID>       erases a person
  orderflow models list                which versions of the fraud model serve
  orderflow dlq list                   what services could not handle
  orderflow verify                     whether Redis is what the log says

Servers are named by options or by the services' variables: KAFKA_BOOTSTRAP_SERVERS, REDIS_URL,
SCHEMA_REGISTRY_URL, ORDERFLOW_PREFIX. The exit code is 0 only when all is well.";

/// Operates an Orderflow environment.
#[derive(Debug, Parser)]
#[command(name = "orderflow", version, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts everything, places orders of simulated customers, and checks that every promise held.
    Demo(demo::Demo),
    /// Places orders of simulated customers, or of a file of invoices, at an intake that runs already.
    Load(load::Load),
    /// Whether every promise held: log, ledgers and stock against each other.
    Audit(audit::Audit),
    /// Catalogues for order-intake.
    #[command(subcommand)]
    Catalogue(catalogue::Catalogues),
    /// What this machine has, what is reachable, what is missing and how to get it.
    Doctor(doctor::Doctor),
    /// The topics of the catalogue on the broker.
    #[command(subcommand)]
    Topics(topics::Topics),
    /// The schemas of this build in the registry.
    #[command(subcommand)]
    Schemas(schemas::Schemas),
    /// Orders: their timelines from the topics, live from order-status; and cancels.
    #[command(subcommand)]
    Orders(orders::Orders),
    /// Orders held for review, and decisions about them.
    #[command(subcommand)]
    Review(reviews::Reviews),
    /// What was learned later of orders: fraud, or honest.
    #[command(subcommand)]
    Label(labels::Labels),
    /// Customers as persons: erasing one.
    #[command(subcommand)]
    Customers(customers::Customers),
    /// Models: made, measured, published, tried, promoted, rolled back.
    #[command(subcommand)]
    Models(models::Models),
    /// Who is told what becomes of orders: webhooks and e-mail.
    #[command(subcommand)]
    Notifications(notifications::Notifications),
    /// What would change if the past were handled again, by a service's steps or another model; nothing is done.
    Replay(replay::Replay),
    /// Dead letters, and having them handled again.
    #[command(subcommand)]
    Dlq(dlq::Dlq),
    /// Compares what services have in Redis with what the log says, and names differences.
    Verify(verify::Verify),
    /// Has a service rebuild its state from the log, waits for it, and verifies.
    Rebuild(rebuild::Rebuild),
    /// Snapshots of the stock, so that old records of inventory may be removed.
    #[command(subcommand)]
    Snapshot(snapshot::Snapshot),
}

impl Cli {
    /// Runs the command; `false` when it found that not all is well.
    ///
    /// # Errors
    /// When it could not do its work.
    pub async fn run(self) -> Result<bool> {
        match self.command {
            Command::Demo(demo) => demo.run().await,
            Command::Load(load) => load.run().await,
            Command::Audit(audit) => audit.run().await,
            Command::Catalogue(catalogues) => catalogues.run(),
            Command::Doctor(doctor) => doctor.run().await,
            Command::Topics(topics) => topics.run().await,
            Command::Schemas(schemas) => schemas.run().await,
            Command::Orders(orders) => orders.run().await,
            Command::Review(reviews) => reviews.run().await,
            Command::Label(labels) => labels.run().await,
            Command::Customers(customers) => customers.run().await,
            Command::Models(models) => models.run().await,
            Command::Notifications(notifications) => notifications.run().await,
            Command::Replay(replay) => replay.run().await,
            Command::Dlq(dlq) => dlq.run().await,
            Command::Verify(verify) => verify.run().await,
            Command::Rebuild(rebuild) => rebuild.run().await,
            Command::Snapshot(snapshot) => snapshot.run().await,
        }
    }
}

/// Prints for people.
fn print(text: impl std::fmt::Display) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        // Whoever reads has read enough, such as `head`.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// Prints data for machines.
fn print_json(data: &impl serde::Serialize) -> Result<()> {
    print(serde_json::to_string_pretty(data)?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command) {
            let is_group = command.has_subcommands();
            let shown = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(is_group || shown.contains("orderflow "), "{} shows no example", command.get_name());
            command.get_subcommands().for_each(check);
        }
        check(&super::Cli::command());
    }
}
