//! `orderflow topics apply|diff`.

use anyhow::Result;
use clap::{Args, Subcommand};
use orderflow::{
    admin::{Broker, Change, Choices, differences, wanted},
    catalogue::Catalogue,
};

use super::{print, print_json};
use crate::connection::Connection;

const APPLY: &str = "\
Examples:
  orderflow topics apply --kafka localhost:9092
  orderflow topics apply --prefix staging. --partitions 3 --replication 3 --min-in-sync 2

Never deletes anything, and never takes partitions away.";
const DIFF: &str = "\
Examples:
  orderflow topics diff --kafka localhost:9092
  orderflow topics diff --replication 3 --min-in-sync 2 --json";

/// The topics of the catalogue (schemas/topics.yaml) on the broker.
#[derive(Debug, Subcommand)]
pub(super) enum Topics {
    /// Makes missing topics and dead-letter topics, and corrects settings.
    #[command(after_help = APPLY)]
    Apply {
        #[command(flatten)]
        asked: Asked,
        /// Also add partitions where there are fewer. This breaks the order per key: a key's next records may go to
        /// another partition than its earlier ones. Stop the services and let them work off everything first.
        #[arg(long)]
        add_partitions: bool,
    },
    /// What apply would do. Exit code 1 when there is any difference.
    #[command(after_help = DIFF)]
    Diff(Asked),
}

#[derive(Debug, Args)]
pub(super) struct Asked {
    #[command(flatten)]
    connection: Connection,
    /// Partitions of the topics to which the catalogue gives more than one [default: the catalogue's].
    #[arg(long, env = "TOPIC_PARTITIONS", value_parser = clap::value_parser!(i32).range(1..=10_000))]
    partitions: Option<i32>,
    /// Copies of each partition of a new topic [default: the broker's default].
    #[arg(long, env = "TOPIC_REPLICATION", value_parser = clap::value_parser!(i32).range(1..=100))]
    replication: Option<i32>,
    /// Copies that must have a record before it counts as written (min.insync.replicas) [default: the broker's].
    #[arg(long, env = "TOPIC_MIN_IN_SYNC", value_parser = clap::value_parser!(i32).range(1..=100))]
    min_in_sync: Option<i32>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Topics {
    pub(super) async fn run(self) -> Result<bool> {
        let (Self::Apply { asked, .. } | Self::Diff(asked)) = &self;
        let choices = Choices {
            partitions: asked.partitions,
            replication: asked.replication,
            min_in_sync: asked.min_in_sync,
        };
        let wanted = wanted(&Catalogue::load()?, &asked.connection.names(), &choices);
        let broker = Broker::new(&asked.connection.kafka_config())?;
        let found = broker.find(&wanted).await?;
        let changes = differences(&wanted, &found, &choices);
        show(&changes, asked.json)?;
        match self {
            Self::Diff(_) => Ok(changes.is_empty()),
            Self::Apply { add_partitions, .. } => {
                let left = broker.apply(&changes, &found, add_partitions).await?;
                eprintln!("{} done, {} left as it is", changes.len() - left.len(), left.len());
                Ok(left.is_empty())
            }
        }
    }
}

fn show(changes: &[Change], json: bool) -> Result<()> {
    if json {
        return print_json(&changes);
    }
    if changes.is_empty() {
        return print("the topics are as the catalogue says");
    }
    changes.iter().try_for_each(print)
}
